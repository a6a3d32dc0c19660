import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoredEventRow } from '../../src/runs/event-rows.ts';
import { checkHistory, describeViolations } from '../support/history/check-history.ts';
import type { LedgerRun, LedgerState } from '../support/history/check-ledger.ts';
import { History } from '../support/history/history.ts';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { Random } from '../support/random.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { ClusterClient } from './client.ts';
import { LIES, type Lie, startLyingProxy } from './lying-proxy.ts';
import { listDocuments, readAnswer, readConversation, runWorkload } from './workload.ts';

const TOKENS = 40;
const EXPECTED = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
const LOAD_MS = 1_500;
let upstream: Upstream;
let service: Service;

beforeAll(async () => {
  upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 60 });
  service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
});

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

let works = 0;

async function workThrough(lie: Lie | null): Promise<History> {
  await using proxy = await startLyingProxy(service.url, lie);
  const load = new AbortController();
  const history = new History();
  const parts = {
    urls: [proxy.url],
    history,
    random: new Random(1),
    label: `${lie?.name ?? 'truth'} ${(works += 1)}`,
  };
  const workload = runWorkload(parts, load.signal, { askers: 2, uploaders: 1, readers: 2 });
  await sleep(LOAD_MS);
  load.abort();
  const work = await workload;
  const client = new ClusterClient('last reader', [proxy.url], 0);
  for (const responseId of work.endings.keys()) await readAnswer(client, history, responseId);
  for (const conversation of work.conversations) await readConversation(client, history, conversation);
  await listDocuments(client, history);
  return history;
}

async function ledgerOf(running: Service): Promise<LedgerState> {
  using ledger = new DatabaseSync(join(running.dataDir, 'ledger.db'), { readOnly: true, timeout: 5_000 });
  const open = ledger.prepare(`SELECT 1 FROM run WHERE status IN ('queued', 'running')`);
  await until(() => open.all().length === 0);
  const shared = ledger.prepare('SELECT 1 FROM event_batch');
  await until(() => shared.all().length === 0);
  const runs = ledger.prepare('SELECT id, kind, status, epoch, last_seq AS "lastSeq" FROM run').all();
  return {
    runs: runs as unknown as LedgerRun[],
    events: ledger.prepare('SELECT * FROM event').all() as unknown as StoredEventRow[],
  };
}

test('a service that works gives the checker nothing to say; one whose ledger is tampered with does', async () => {
  const history = await workThrough(null);
  const ledger = await ledgerOf(service);
  expect(describeViolations(checkHistory(history, { expected: EXPECTED, ledger }))).toBe('');
  const { responseId = '' } = history.events.find((event) => event.type === 'response.completed') ?? {};
  const at = ledger.events.findIndex((row) => row.run_id === responseId && row.seq === 3);
  const row = ledger.events[at] as StoredEventRow;
  const rulesWith = (...changed: StoredEventRow[]): string[] => {
    const events = ledger.events.toSpliced(at, 1, ...changed);
    return checkHistory(history, { expected: EXPECTED, ledger: { ...ledger, events } }).map(
      ({ rule }) => rule,
    );
  };
  expect(rulesWith()).toContain('event missing');
  expect(rulesWith(row, row)).toContain('event doubled');
  expect(rulesWith({ ...row, epoch: row.epoch + 1 })).toContain('two writers');
});

/** At once, each with people of its own; among the lies the truth still is one. */
test.concurrent('the checker has nothing to say of a service beside others that lie', async () => {
  const history = await workThrough(null);
  expect(describeViolations(checkHistory(history, { expected: EXPECTED, ledger: null }))).toBe('');
});

test.concurrent.each(LIES.map((lie): [string, Lie] => [lie.name, lie]))(
  'the checker notices a service that %s',
  async (_, lie) => {
    const history = await workThrough(lie);
    const rules = checkHistory(history, { expected: EXPECTED, ledger: null }).map(({ rule }) => rule);
    expect(rules).toContain(lie.rule);
  },
);
