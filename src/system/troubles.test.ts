import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type DataFolder, dataFolderAt } from './data-folder.ts';
import { readTroubles, Troubles } from './troubles.ts';

let folder: DataFolder;
let lines: { level: number; msg: string }[];
let troubles: Troubles;
beforeEach(async () => {
  folder = dataFolderAt(await mkdtemp(join(tmpdir(), 'budao-troubles-')));
  lines = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  troubles = new Troubles(folder, 'proc_one', log);
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder.path, { recursive: true });
});

it('tells status what is wrong and since when, until it is over', async () => {
  troubles.note('api', 'The port is taken by nginx.');
  troubles.note('api', 'The port is taken by python.');
  await vi.waitFor(
    async () =>
      expect(await readTroubles(folder, 'proc_one')).toMatchObject([
        { role: 'api', message: 'The port is taken by python.', since: expect.any(Number) },
      ]),
    30_000,
  );
  expect(await readTroubles(folder, 'proc_two')).toEqual([]);
  troubles.over('api');
  await vi.waitFor(async () => expect(await readdir(folder.path)).toEqual([]), 30_000);
  expect(await readTroubles(folder, 'proc_one')).toEqual([]);
});

it('does not fill the log with attempts: one line, a reminder each minute, and one at the end', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  for (let second = 0; second < 150; second++) {
    troubles.note('api', 'The port is taken by nginx.');
    vi.advanceTimersByTime(1_000);
  }
  expect(lines.map((line) => line.msg)).toEqual(
    Array.from({ length: 3 }, () => 'The port is taken by nginx. Trying again until it works.'),
  );
  troubles.over('api');
  expect(lines).toHaveLength(4);
});
