import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DailyLog } from './daily-log.ts';

const DAY_MS = 86_400_000;

let folder: string;
let now: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-daily-log-'));
  now = Date.parse('2026-11-21T23:59:59Z');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const written = (log: DailyLog): Promise<void> => new Promise((resolve) => log.flush(resolve));

test('each day has its own file, and what is older than it may be leaves', async () => {
  await writeFile(join(folder, 'notes.txt'), 'not ours');
  await writeFile(join(folder, 'budao-2026-10-01.jsonl'), 'old');
  const log = new DailyLog(join(folder), 2, () => now);
  log.write('{"msg":"one"}\n');
  await written(log);
  now += DAY_MS;
  log.write('{"msg":"two"}\n');
  await written(log);
  expect((await readdir(folder)).sort()).toEqual([
    'budao-2026-11-21.jsonl',
    'budao-2026-11-22.jsonl',
    'notes.txt',
  ]);
  now += DAY_MS;
  log.write('{"msg":"three"}\n');
  await written(log);
  expect(await readdir(folder)).not.toContain('budao-2026-11-21.jsonl');
  expect(await readFile(join(folder, 'budao-2026-11-22.jsonl'), 'utf8')).toBe('{"msg":"two"}\n');
});

test('a folder that cannot be written stops nothing, and is tried again later', async () => {
  const place = join(folder, 'logs');
  await writeFile(place, 'a file in its place');
  const log = new DailyLog(place, 30, () => now);
  log.write('lost\n');
  await written(log);
  await rm(place);
  log.write('lost, too\n');
  now += 61_000;
  log.write('kept\n');
  await written(log);
  expect(await readFile(join(place, 'budao-2026-11-22.jsonl'), 'utf8')).toBe('kept\n');
});
