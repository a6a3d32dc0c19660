import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeAct, isCarriedOut } from '../../src/drills/undo/acts.ts';
import { JOURNAL_FILE } from '../../src/drills/undo/clear-away.ts';
import { readJournal, type UndoEntry } from '../../src/drills/undo/journal.ts';
import { budao } from '../support/cli.ts';
import { ROOT } from '../support/service.ts';
import { until } from '../support/until.ts';

/** Several kinds of faults that are all in force when the drill dies. */
const SCENARIO = `name: dies
title: { zh: 中途被杀, en: Dies }
proves: { zh: 不留痕迹, en: leaves nothing behind }
hypothesis: { zh: 无, en: none }
workload: { probes: { search: 1s } }
objectives: { rto: 5s }
steady: 1s
window: 1s
timeline:
  - { at: 0s, for: 300s, fault: disk-full }
  - { at: 0s, for: 300s, fault: network-cut, target: model }
  - { at: 0s, for: 300s, fault: limit-memory, target: api, with: { megabytes: 4000 } }
  - { at: 1s, for: 300s, fault: process-freeze, target: worker }
`;
const FAULTS = 4;
const IN_FORCE_DEADLINE_MS = 180_000;
const CLEAN_DEADLINE_MS = 60_000;

let folder = '';
let workDir = '';
let drill: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'budao-killed-'));
  workDir = join(folder, 'work');
  writeFileSync(join(folder, 'dies.yaml'), SCENARIO);
});

afterEach(async () => {
  drill?.kill('SIGKILL');
  drill = null;
  if (existsSync(workDir)) await until(() => drillFolders().length === 0, CLEAN_DEADLINE_MS);
  rmSync(folder, { recursive: true, force: true });
});

test('a drill that is killed in the middle leaves no process, namespace, rule, mount, group or file behind', {
  timeout: 300_000,
}, async () => {
  const left = await untilInForce();
  const kinds = new Set(left.map(({ act }) => act.act));
  for (const kind of [
    'processes.end',
    'namespace.delete',
    'link.delete',
    'rules.delete',
    'mount.end',
    'group.remove',
  ])
    expect(kinds).toContain(kind);
  drill?.kill('SIGKILL');
  await untilNothingIsLeft(left);
});

test('an abort breaks a drill off, which undoes its faults by itself, and meanwhile no second one begins', {
  timeout: 300_000,
}, async () => {
  const left = await untilInForce();
  const second = await budao([...WORDS, join(folder, 'dies.yaml'), ...places()]);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/is under way.*\(drill_in_progress\)/);
  const aborted = await budao(['drill', 'abort', '--work-dir', workDir, '--json']);
  expect(aborted.code).toBe(0);
  expect(JSON.parse(aborted.stdout)).toMatchObject({ broken_off: expect.stringMatching(/^drill_/) });
  await untilNothingIsLeft(left);
});

const WORDS = ['drill', 'run'];

function places(): string[] {
  return ['--work-dir', workDir, '--out', join(folder, 'out')];
}

/** Starts the drill. @returns what it has stored to be undone once all its faults are there */
async function untilInForce(): Promise<UndoEntry[]> {
  let said = '';
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist/cli/main.js'), ...WORDS, join(folder, 'dies.yaml'), ...places(), '--lang', 'en'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  drill = child;
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`the drill ended:\n${said}`);
      return said.split(': is there').length > FAULTS;
    },
    IN_FORCE_DEADLINE_MS,
    () => `the faults were not all there:\n${said}`,
  );
  return readJournal(join(workDir, drillFolders()[0] ?? '', JOURNAL_FILE));
}

async function untilNothingIsLeft(left: readonly UndoEntry[]): Promise<void> {
  await until(
    () => drillFolders().length === 0,
    CLEAN_DEADLINE_MS,
    () => `still there: ${readdirSync(workDir).join(', ')}`,
  );
  for (const { act } of left)
    expect([describeAct(act), await isCarriedOut(act)]).toEqual([describeAct(act), true]);
}

function drillFolders(): string[] {
  return existsSync(workDir) ? readdirSync(workDir).filter((name) => name.startsWith('drill_')) : [];
}
