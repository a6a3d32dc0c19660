import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testFacts } from '../testing.ts';
import { DrillLog } from './drill-log.ts';
import { parseDrillLog, readDrillLog } from './read-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'budao-drill-log-'));
let count = 0;
const newPath = (): string => join(folder, `log-${++count}.jsonl`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function written(): Promise<string> {
  const path = newPath();
  await using log = new DrillLog(path, testFacts());
  log.add({ type: 'phase', phase: 'steady', edge: 'begin' });
  log.add({ type: 'note', text: '一行\n两行' });
  log.add({ type: 'fault', injection: 1, fault: 'kill', target: 'api', step: 'injecting', ok: true }, 12.5);
  return path;
}

test('what was written is read again, in order and on the clock of the drill', async () => {
  const { records, isTorn } = readDrillLog(await written());
  expect(records.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
    '1 drill',
    '2 phase',
    '3 note',
    '4 fault',
  ]);
  expect(records[3]).toMatchObject({ atMs: 12.5, step: 'injecting' });
  expect(isTorn).toBe(false);
});

test('a log is never continued: its writer is one process', async () => {
  const path = await written();
  expect(() => new DrillLog(path, testFacts())).toThrow(/EEXIST/);
});

test('a record is there before the log is closed, and a line that a crash cut off costs nothing but itself', async () => {
  const path = newPath();
  await using log = new DrillLog(path, testFacts());
  log.add({ type: 'note', text: 'seen' });
  expect(readDrillLog(path).records).toHaveLength(2);
  appendFileSync(path, '{"seq":3,"atMs":');
  expect(readDrillLog(path)).toMatchObject({ isTorn: true, records: [{ type: 'drill' }, { type: 'note' }] });
});

test.each([
  ['a line is taken out', (lines: string[]) => lines.splice(1, 1)],
  ['a figure is changed', (lines: string[]) => (lines[1] = String(lines[1]).replace('steady', 'verify'))],
  ['two lines change places', (lines: string[]) => lines.splice(1, 2, String(lines[2]), String(lines[1]))],
  ['the beginning is missing', (lines: string[]) => lines.shift()],
  ['a line is no record', (lines: string[]) => (lines[2] = '{"type":"note"}')],
])('it is noticed when %s', async (_, tamper) => {
  const lines = readFileSync(await written(), 'utf8')
    .trimEnd()
    .split('\n');
  tamper(lines);
  expect(() => parseDrillLog(`${lines.join('\n')}\n`)).toThrow(/Line \d+ of the drill's log is damaged/);
});
