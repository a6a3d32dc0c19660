import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredEventRow } from '../../src/runs/event-rows.ts';
import { canHappen, commit, FAULTS, type Fault } from '../support/cluster/faults.ts';
import type { ClusterNode } from '../support/cluster/node.ts';
import { OUTAGES } from '../support/cluster/outages.ts';
import { Cluster } from '../support/cluster.ts';
import { checkHistory, describeViolations } from '../support/history/check-history.ts';
import type { LedgerRun, LedgerState } from '../support/history/check-ledger.ts';
import { grouped, History } from '../support/history/history.ts';
import { Random } from '../support/random.ts';
import { until } from '../support/until.ts';
import { ClusterClient } from './client.ts';
import { describeGaps, type Happening, measureGaps } from './gaps.ts';
import {
  listDocuments,
  readAnswer,
  readConversation,
  readDocuments,
  runWorkload,
  type Workload,
} from './workload.ts';

/** `npm run test:soak` has 100. `BUDAO_CLUSTER_FAULT='silent|killed'` keeps those whose names match. */
const COUNT = Number(process.env.BUDAO_CLUSTER_FAULTS ?? 12);
const ONLY = new RegExp(process.env.BUDAO_CLUSTER_FAULT ?? '');
type Files = 'bucket' | 'folder';
type Hints = 'database' | 'redis';
/** `BUDAO_CLUSTER_FILES=bucket` and `BUDAO_CLUSTER_HINTS=database` for the other engines. */
const FILES: Files = process.env.BUDAO_CLUSTER_FILES === 'bucket' ? 'bucket' : 'folder';
const HINTS: Hints = process.env.BUDAO_CLUSTER_HINTS === 'database' ? 'database' : 'redis';
const SEED = Number(process.env.BUDAO_SEED ?? Math.floor(Math.random() * 2 ** 31));
const TOKENS = 80;
const TOKENS_PER_SECOND = 20;
const EXPECTED = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
const RUNS_END_MS = 90_000;
const CALM_MS = 1_000;
const MINUTE_MS = 60_000;

/** The full run has the other engines too; the quick one has those that were asked for. */
const ENGINES: { files: Files; hints: Hints; count: number }[] = [
  { files: FILES, hints: HINTS, count: COUNT },
];
const OTHER_COUNT = Number(process.env.BUDAO_CLUSTER_OTHER_FAULTS ?? 0);
if (OTHER_COUNT > 0) ENGINES.push({ files: 'bucket', hints: 'database', count: OTHER_COUNT });

describe.each(ENGINES)('files in a $files, hints through $hints', ({ files, hints, count }) => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({
      nodes: [
        { name: 'n1', role: 'all' },
        { name: 'n2', role: 'all', clockAheadMs: MINUTE_MS },
        { name: 'n3', role: 'worker', clockAheadMs: -MINUTE_MS },
      ],
      tokens: TOKENS,
      tokensPerSecond: TOKENS_PER_SECOND,
      files,
      hints,
    });
  }, 120_000);

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  test(`${count} faults under load lose nothing that was acknowledged, double nothing and never go back`, {
    timeout: count * 20_000 + 240_000,
  }, async () => {
    console.log(
      `cluster test: seed ${SEED} (repeat with BUDAO_SEED=${SEED}), ${count} faults, ${files}, ${hints}`,
    );
    const random = new Random(SEED);
    const load = new AbortController();
    const history = new History();
    const urls = cluster.entrances.map((node) => node.url);
    const parts = { urls, history, random: new Random(SEED + 1), label: 'load' };
    const workload = runWorkload(parts, load.signal, { askers: 6, uploaders: 1, readers: 2 });
    workload.catch(() => load.abort());
    const happenings: Happening[] = [];
    try {
      await commitFaults(cluster, planned(random, cluster, count), random, happenings, load.signal);
      load.abort();
      const work = await workload;
      await finishReading(work, urls);
      const ledger = await ledgerAtTheEnd(cluster.stores);
      report(work, happenings, ledger);
      const violations = checkHistory(history, { expected: EXPECTED, ledger });
      expect(describeViolations(violations)).toBe('');
      expect([...new Set(work.endings.values())]).toEqual(['completed']);
      expect(work.endings.size).toBeGreaterThan(count);
    } catch (error) {
      load.abort();
      console.log(`${describeGaps(measureGaps(history, happenings))}\n${cluster.output}`);
      throw error;
    }
  });

  test.each(OUTAGES)('a node that is started while %s serves once it is back', async (_, begin) => {
    await cluster.untilWell();
    const node = cluster.nodes[0] as ClusterNode;
    await node.kill();
    const end = await begin(cluster);
    try {
      const printed = node.output.length;
      node.spawn();
      // Either it says what is missing, or it does without.
      await until(async () => node.output.length > printed || (await node.isReady()), 20_000);
    } finally {
      await end();
    }
    await node.untilReady();
    expect(node.group().length).toBeGreaterThan(3);
  });
});

async function commitFaults(
  cluster: Cluster,
  plan: readonly Fault[],
  random: Random,
  happenings: Happening[],
  stop: AbortSignal,
): Promise<void> {
  await sleep(2 * CALM_MS);
  for (const fault of plan) {
    if (stop.aborted) throw new Error('the workload failed while faults were being injected');
    const happening = { kind: fault.kind, goalMs: fault.goalMs, victim: '', injectedMs: 0, overMs: Infinity };
    happenings.push(happening);
    const startedMs = performance.now();
    await commit(fault, cluster, random, (victim) =>
      Object.assign(happening, { victim, injectedMs: startedMs }),
    );
    await cluster.untilWell();
    happening.overMs = performance.now();
    await sleep(random.between(0.5, 1.5) * CALM_MS);
  }
}

/** Each kind comes up before any comes again, in an order of the seed. */
function planned(random: Random, cluster: Cluster, count: number): Fault[] {
  const possible = FAULTS.filter((fault) => ONLY.test(fault.kind) && canHappen(fault, cluster));
  const plan: Fault[] = [];
  while (plan.length < count) {
    const left = possible.filter(
      (fault) => !plan.slice(plan.length - (plan.length % possible.length)).includes(fault),
    );
    plan.push(random.pick(left));
  }
  return plan;
}

/** Everything is looked at once more, on each node. */
async function finishReading(
  { history, endings, conversations }: Workload,
  urls: readonly string[],
): Promise<void> {
  for (const [index] of urls.entries()) {
    const client = new ClusterClient(`last reader ${index}`, urls, index);
    for (const responseId of endings.keys()) await readAnswer(client, history, responseId);
    for (const conversation of conversations) await readConversation(client, history, conversation);
    await listDocuments(client, history);
  }
  await readDocuments(new ClusterClient('reader of contents', urls, 0), history);
}

async function ledgerAtTheEnd(stores: Cluster['stores']): Promise<LedgerState> {
  const open = `SELECT id, kind, status, owner FROM run WHERE status IN ('queued', 'running')`;
  let unfinished: unknown[] = [];
  await until(
    async () => (unfinished = await stores.query(open)).length === 0,
    RUNS_END_MS,
    () => `unfinished: ${JSON.stringify(unfinished)}`,
  );
  // What shares rows moves into the logs within seconds.
  await until(async () => (await stores.query('SELECT 1 FROM event_batch')).length === 0);
  const runs = await stores.query(
    'SELECT id, kind, status, epoch::int AS epoch, last_seq::int AS "lastSeq" FROM run',
  );
  const events = await stores.query(
    'SELECT run_id, seq::int AS seq, epoch::int AS epoch, type, payload, created_at::float AS created_at FROM event',
  );
  return { runs: runs as unknown as LedgerRun[], events: events as unknown as StoredEventRow[] };
}

function report(
  { history, endings, clients }: Workload,
  happenings: readonly Happening[],
  ledger: LedgerState,
): void {
  const count = (groups: Map<string, unknown[]>): string =>
    [...groups].map(([name, own]) => `${name} ${own.length}`).join(', ');
  const uploads = history.of('upload').length;
  const reads = history.operations.length - history.of('ask').length - uploads;
  const refusals = clients.reduce((sum, client) => sum + client.refusals, 0);
  console.log(
    `${'fault'.padEnd(34)}  n streams p50   p99   max (ms without text)\n` +
      `${describeGaps(measureGaps(history, happenings))}\n` +
      `acknowledged: ${history.of('ask').filter((ask) => ask.responseId !== null).length} questions, ` +
      `${uploads} documents, ${history.of('delete').length} deletions; ${reads} other operations, ` +
      `${history.events.length} events; ${refusals} refusals\n` +
      `answers: ${count(grouped([...endings.values()], String))}; ` +
      `runs: ${count(grouped(ledger.runs, (run) => `${run.kind} ${run.status}`))}; ` +
      `taken over: ${ledger.runs.filter((run) => run.epoch > 1).length}`,
  );
}
