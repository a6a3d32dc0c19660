import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { DrillLog } from '../../src/drills/log/drill-log.ts';
import { readDrillLog, recordsOf } from '../../src/drills/log/read-log.ts';
import { readBack } from '../../src/drills/probes/read-back.ts';
import { startProbes } from '../../src/drills/probes/start-probes.ts';
import { concludeDrill } from '../../src/drills/report/conclude-drill.ts';
import { verifyReport } from '../../src/drills/report/verify-report.ts';
import { openTarget } from '../../src/drills/targets/open-target.ts';
import type { TargetSettings } from '../../src/drills/targets/target.ts';
import { testFacts } from '../../src/drills/testing.ts';
import { startUpstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 60;
const EXPECTED = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
const SEEN_WITHIN_MS = 150_000;

const folder = await mkdtemp(join(process.env.BUDAO_KEEP_DRILL ?? tmpdir(), 'budao-drill-'));
afterAll(async () => {
  if (process.env.BUDAO_KEEP_DRILL === undefined) await rm(folder, { recursive: true, force: true });
});

test('a worker is killed under real probes: nothing is lost, no token is cut, and the signed report says so', async () => {
  await using upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 30 });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  await service.untilBothWorkers();
  const { log, target } = await drill(service, async (add) => {
    const pid = service.kill('worker');
    add({ type: 'fault', injection: 1, fault: 'kill', target: 'worker', step: 'injected', ok: true });
    add({ type: 'fault', injection: 1, fault: 'kill', target: 'worker', step: 'probed', ok: true });
    await until(() => service.processes('worker').filter((row) => row.pid !== pid).length === 2);
    add({ type: 'fault', injection: 1, fault: 'kill', target: 'worker', step: 'undone', ok: true });
    add({ type: 'fault', injection: 1, fault: 'kill', target: 'worker', step: 'cleared', ok: true });
  });
  const options = { archive: folder, signer: null, language: 'zh', programVersion: '1' } as const;
  const { report, reportFile, pageFile } = await concludeDrill(log, options);
  const gates = Object.fromEntries(report.gates.map(({ gate, verdict }) => [gate, verdict]));
  expect(gates, JSON.stringify(report.gates, null, 1)).toMatchObject({
    'faults-were-there': 'pass',
    'faults-are-gone': 'pass',
    'lost-writes': 'pass',
    'doubled-writes': 'pass',
    'broken-tokens': 'pass',
    modes: 'pass',
  });
  expect(report.results.writes.map(({ kind }) => kind)).toEqual([
    'message',
    'file',
    'vector',
    'permission',
    'setting',
  ]);
  expect(await verifyReport(reportFile, '1')).toMatchObject({
    checked: ['report', 'log', 'recomputed', 'page', 'chain'],
  });
  expect(await readFile(pageFile, 'utf8')).toContain('演练报告');

  // The same drill of a store that loses: read back again after somebody has taken a file and what was said away.
  sabotage(service.dataDir);
  const again = await readAgain(log, target);
  const after = await concludeDrill(again, options);
  const red = Object.fromEntries(after.report.gates.map(({ gate, verdict }) => [gate, verdict]));
  expect(red, JSON.stringify(after.report.results.writes)).toMatchObject({
    'lost-writes': 'fail',
    rpo: 'fail',
  });
  const rows = new Map(after.report.results.writes.map((row) => [row.kind, row]));
  expect(rows.get('message')?.lost).toBeGreaterThan(0);
  // A content that is gone is lost, or cannot be read; it is never taken for kept.
  expect((rows.get('file')?.lost ?? 0) + (rows.get('file')?.unread ?? 0)).toBe(1);
}, 400_000);

type Add = DrillLog['add'];

/** Takes one document's content, and all that was said, past every safeguard. */
function sabotage(dataDir: string): void {
  const blobs = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name),
  );
  const uploaded = blobs.find(({ parentPath, name }) =>
    readFileSync(join(parentPath, name), 'utf8').includes('本文件的代号是'),
  );
  if (uploaded === undefined) throw new Error('no document was uploaded');
  rmSync(join(uploaded.parentPath, uploaded.name));
  const database = new DatabaseSync(join(dataDir, 'ledger.db'), { timeout: 10_000 });
  database.exec("PRAGMA foreign_keys = OFF; DELETE FROM conversation_item WHERE role = 'user'");
  database.close();
}

/** The log of a second drill, which differs from the first in what was read back alone. */
async function readAgain(path: string, target: TargetSettings): Promise<string> {
  const { records } = readDrillLog(path);
  const facts = recordsOf(records, 'drill')[0]?.facts;
  if (facts === undefined) throw new Error('a log begins with its drill');
  await using log = new DrillLog(join(folder, 'again.jsonl'), { ...facts, drillId: 'drill_sabotaged' });
  for (const { seq: _, atMs, utc: __, previous: ___, ...event } of records)
    if (event.type !== 'drill' && !event.type.startsWith('read-back')) log.add(event, atMs);
  await readBack(openTarget(target), log, 60_000);
  return log.path;
}

/** A steady time, the fault, and what comes after it. */
async function drill(
  service: Service,
  fault: (add: Add) => Promise<void>,
): Promise<{ log: string; target: TargetSettings }> {
  const knowledgeBase = await knowledgeBaseOf(service);
  const plan = { objectiveMs: 15_000, timeoutMs: 30_000 };
  await using log = new DrillLog(
    join(folder, 'log.jsonl'),
    testFacts({
      drillId: 'drill_worker_killed',
      objectives: {
        rtoServiceMs: 60_000,
        lostWrites: 0,
        rpoMs: 0,
        brokenTokens: 0,
        wrongModes: 0,
        streamSilenceP99Ms: 60_000,
        gapMs: 60_000,
      },
      windowMs: 3_000,
      workload: {
        probes: {
          'sign-in': { everyMs: 1_500, ...plan },
          ask: { everyMs: 1_000, ...plan },
          stream: { everyMs: 1_500, objectiveMs: 60_000, timeoutMs: 60_000 },
          upload: { everyMs: 2_500, ...plan },
          search: { everyMs: 1_000, ...plan },
        },
        writes: { permission: 2_000, setting: 2_000 },
        questions: ['年假有几天？', '探视时间是几点？'],
        expectedAnswer: EXPECTED,
      },
    }),
  );
  const add: Add = log.add.bind(log);
  add({ type: 'phase', phase: 'prepare', edge: 'begin' });
  const target: TargetSettings = {
    kind: 'budao',
    urls: [service.url],
    apiKey: service.apiKey,
    knowledgeBase,
  };
  await using probes = await startProbes(target, log);
  add({ type: 'phase', phase: 'prepare', edge: 'end' });
  add({ type: 'phase', phase: 'steady', edge: 'begin' });
  // A busy machine is slow to everything: what counts is that every kind of write is there, and that text flows.
  await seen(log, ['message', 'file', 'vector', 'permission', 'setting', 'stream.tokens']);
  add({ type: 'phase', phase: 'steady', edge: 'end' });
  add({ type: 'phase', phase: 'fault', edge: 'begin' });
  add({ type: 'fault', injection: 1, fault: 'kill', target: 'worker', step: 'injecting', ok: true });
  await fault(add);
  add({ type: 'phase', phase: 'fault', edge: 'end' });
  add({ type: 'phase', phase: 'recover', edge: 'begin' });
  await seen(log, ['message', 'file', 'setting', 'stream.ended']);
  await probes.stop();
  add({ type: 'phase', phase: 'recover', edge: 'end' });
  add({ type: 'phase', phase: 'verify', edge: 'begin' });
  await probes.readBack({ withinMs: 60_000 });
  add({ type: 'phase', phase: 'verify', edge: 'end' });
  return { log: log.path, target };
}

/** Until each of these came into the log from now on: kinds of acknowledged writes, or of records. */
async function seen(log: DrillLog, names: readonly string[]): Promise<void> {
  const missing = new Set(names);
  const end = log.watch((event) => {
    missing.delete(event.type);
    if (event.type === 'write.acknowledged') missing.delete(event.kind);
  });
  await until(
    () => missing.size === 0,
    SEEN_WITHIN_MS,
    () => `never seen: ${[...missing].join(', ')}`,
  );
  end();
}

async function knowledgeBaseOf(service: Service): Promise<string> {
  const { id } = await service.json<{ id: string }>('POST', '/v1/vector_stores', { name: '规定' });
  const form = new FormData();
  form.append('file', new Blob(['# 规定\n\n职工每年有年假五天。探视时间为下午三点。\n']), '规定.md');
  await service.json('POST', `/v1/vector_stores/${id}/documents`, form);
  await until(async () => {
    const { data } = await service.json<{ data: unknown[] }>('POST', `/v1/vector_stores/${id}/search`, {
      query: '年假',
    });
    return data.length > 0;
  });
  return id;
}
