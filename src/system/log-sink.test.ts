import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogSink } from './log-sink.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

function flushed(sink: LogSink): Promise<void> {
  return new Promise((resolve) => sink.flush(resolve));
}

it('writes every line once and in order, however fast they come', async () => {
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const sink = new LogSink(fd);
  const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`);
  for (const line of lines) sink.write(line);
  await flushed(sink);
  expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
  closeSync(fd);
});

it('goes on after lines that could not be written', async () => {
  const fd = openSync(folder, 'r');
  const sink = new LogSink(fd);
  sink.write('refused\n');
  await flushed(sink);
  sink.write('refused again\n');
  await flushed(sink);
  closeSync(fd);
}, 5_000);
