import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LedgerFullError } from '../ledger/errors.ts';
import { RepeatedWarnings } from './repeated-warnings.ts';

let lines: { msg: string; times?: number; code?: string }[];
let warnings: RepeatedWarnings;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  lines = [];
  warnings = new RepeatedWarnings(pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }));
});
afterEach(() => {
  warnings[Symbol.dispose]();
  vi.useRealTimers();
});

it('a disk that is full for an hour fills a dozen lines, not thousands, and its end is said', () => {
  for (let halfSeconds = 0; halfSeconds < 7_200; halfSeconds++) {
    warnings.warn(new LedgerFullError(), { run: `run_${halfSeconds}` }, 'run failed');
    vi.advanceTimersByTime(500);
  }
  expect(lines[0]).toMatchObject({ code: 'storage_full', msg: expect.stringContaining('Free some space') });
  expect(lines.length).toBeGreaterThan(4);
  expect(lines.length).toBeLessThan(12);
  vi.advanceTimersByTime(20_000);
  expect(lines.at(-1)).toMatchObject({ times: 7_200, msg: expect.stringContaining('not come again') });
  const before = lines.length;
  warnings.warn(new LedgerFullError(), {}, 'run failed');
  expect(lines).toHaveLength(before + 1);
});

it('a mistake in the program is logged each time, with all that is known of it', () => {
  for (let times = 0; times < 3; times++) warnings.warn(new TypeError('no such thing'), {}, 'run failed');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatchObject({ err: { stack: expect.stringContaining('repeated-warnings.test') } });
});
