import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { conductExternalDrill } from '../../src/drills/external/conduct-external.ts';
import { verifyReport } from '../../src/drills/report/verify-report.ts';
import { findScenario } from '../../src/drills/scenario/library.ts';
import { readTargetFile } from '../../src/drills/scenario/target-file.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('peer-main.ts', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'budao-external-'));
const pidFile = join(folder, 'pid');
const port = await freePort();
const start = `${process.execPath} --disable-warning=ExperimentalWarning ${MAIN} ${port} ${pidFile}`;

afterAll(async () => {
  if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const SCENARIO = `
name: killed-and-started-again
title: { zh: 杀死并重启, en: Killed and started again }
proves: { zh: 重启之后数据还在, en: What was stored survives }
hypothesis: { zh: 不丢数据, en: Nothing is lost }
workload:
  probes: { sign-in: 250ms, ask: 400ms, stream: 500ms, upload: 500ms, search: 400ms }
  questions: [代号]
objectives: { rto: 20s, lostWrites: 0, brokenTokens: 0, integrity: true }
window: 1500ms
steady: 2s
patience: 30s
timeline:
  - at: 0s
    for: 1s
    fault: command
    target: server
    with:
      inject: kill -9 $(cat ${pidFile}) && rm ${pidFile}
      injected: test ! -e ${pidFile}
      undo: (${start} >/dev/null 2>&1 &) ; sleep 1
      probe: test -e ${pidFile}
`;

const TARGET = `
name: somebody's AnythingLLM
kind: anythingllm
urls: [http://127.0.0.1:${port}]
permission: { by: the test, blastRadius: one process of this test }
checks:
  - { name: process, command: "kill -0 $(cat ${pidFile})" }
system: { version: "1.9" }
`;

test('another system is drilled by commands of its operator, and its losses are found', async () => {
  await writeFile(join(folder, 'scenario.yaml'), SCENARIO);
  await writeFile(join(folder, 'target.yaml'), TARGET);
  spawn('sh', ['-c', start], { stdio: 'ignore' });
  await until(() => existsSync(pidFile));
  const { report, reportFile } = await conductExternalDrill({
    scenario: findScenario(join(folder, 'scenario.yaml')),
    target: readTargetFile(join(folder, 'target.yaml')),
    workDir: join(folder, 'work'),
    archive: join(folder, 'drills'),
    people: { commander: null, approver: null },
    seed: '1',
    language: 'en',
    programVersion: '1',
    signal: AbortSignal.timeout(150_000),
    onProgress: () => {},
  });
  const told = JSON.stringify(report.gates, null, 1);
  const verdicts = Object.fromEntries(report.gates.map(({ gate, verdict }) => [gate, verdict]));
  // The server keeps everything in memory: all that it acknowledged before it was killed is gone.
  expect(verdicts, told).toMatchObject({
    'faults-were-there': 'pass',
    'faults-are-gone': 'pass',
    'lost-writes': 'fail',
    integrity: 'pass',
  });
  expect(report.results.writes.find(({ kind }) => kind === 'file')?.lost).toBeGreaterThan(0);
  expect(report).toMatchObject({
    verdict: 'fail',
    identity: { mode: 'external' },
    system: { before: { version: '1.9' } },
  });
  expect((await verifyReport(reportFile, '1')).checked).toContain('recomputed');
}, 180_000);

test('a system that somebody else looks after is broken only by commands of his own, and by permission', async () => {
  const request = {
    target: readTargetFile(join(folder, 'target.yaml')),
    workDir: join(folder, 'work'),
    archive: join(folder, 'drills'),
    people: { commander: null, approver: null },
    seed: '1',
    language: 'en' as const,
    programVersion: '1',
    signal: AbortSignal.timeout(10_000),
    onProgress: () => {},
  };
  const scenario = findScenario('worker-killed');
  await expect(conductExternalDrill({ ...request, scenario })).rejects.toThrow(/commands of your own/);
  await writeFile(join(folder, 'none.yaml'), TARGET.replace(/^permission.*$/m, ''));
  expect(() => readTargetFile(join(folder, 'none.yaml'))).toThrow(/permission/);
});
