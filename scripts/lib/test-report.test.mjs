import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countTests } from './test-report.mjs';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'budao-report-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function report(testResults, counts) {
  const path = join(folder, 'report.json');
  const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  writeFileSync(path, JSON.stringify({ ...none, ...counts, testResults }));
  return path;
}

test('tests are counted by outcome', () => {
  const file = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] };
  const path = report([file], { numPassedTests: 1, numFailedTests: 1, numPendingTests: 2 });
  expect(countTests(path, false)).toEqual({ passed: 1, failed: 1, skipped: 2 });
});

test('a file that does not load is a failure though no test in it failed', () => {
  const path = report([{ status: 'failed', assertionResults: [] }], { numPassedTests: 5 });
  expect(countTests(path, false)).toEqual({ passed: 5, failed: 1, skipped: 0 });
});

test('an error outside of all tests is a failure', () => {
  const file = { status: 'passed', assertionResults: [{ status: 'passed' }] };
  expect(countTests(report([file], { numPassedTests: 1 }), false).failed).toBe(1);
});

test('a run that wrote no report is a failure', () => {
  expect(countTests(join(folder, 'absent.json'), true).failed).toBe(1);
});
