import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { Random } from '../support/random.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { type Acknowledged, insist, runWorkload } from './crash-workload.ts';

/** `BUDAO_CRASH_KILLS=200 npm run test:soak` is the full run. */
const KILLS = Number(process.env.BUDAO_CRASH_KILLS ?? 20);
const SEED = Number(process.env.BUDAO_SEED ?? Math.floor(Math.random() * 2 ** 31));
const TOKENS = 60;
const EXPECTED = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');

test(`${KILLS} kills of random processes under load lose nothing that was acknowledged and double nothing`, {
  timeout: KILLS * 6_000 + 240_000,
}, async () => {
  console.log(`crash test: seed ${SEED} (repeat with BUDAO_SEED=${SEED}), ${KILLS} kills`);
  const random = new Random(SEED);
  await using upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 40 });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  const load = new AbortController();
  const workload = runWorkload(service, random, load.signal, { askers: 6, uploaders: 2 });
  workload.catch(() => load.abort());
  const killed = await killAtRandom(service, random, load.signal);
  load.abort();
  const acknowledged = await workload;
  await insist(() => service.json('GET', '/ops/status'));
  await everyRunEnds(service);

  const silences = acknowledged.answers.map((answer) => answer.longestSilenceMs).sort((a, b) => a - b);
  console.log(
    `killed ${JSON.stringify(killed)}; acknowledged: ${acknowledged.questions.length} questions, ` +
      `${acknowledged.answers.length} answers, ${acknowledged.documents.length} documents; longest silence of an answer ` +
      `p50 ${Math.round(silences[Math.floor(silences.length / 2)] ?? 0)} ms, max ${Math.round(silences.at(-1) ?? 0)} ms`,
  );
  expect(acknowledged.answers.length).toBeGreaterThan(5);
  expect(acknowledged.documents.length).toBeGreaterThan(5);
  checkAnswers(acknowledged);
  await checkConversations(service, acknowledged);
  await checkDocuments(service, acknowledged);
  await service.stop();
  checkLedger(service);
});

async function killAtRandom(
  service: Service,
  random: Random,
  stop: AbortSignal,
): Promise<Record<string, number>> {
  const killed: Record<string, number> = {};
  for (let count = 0; count < KILLS; ) {
    if (stop.aborted) throw new Error('the workload failed while processes were being killed');
    await sleep(random.between(50, 1_200));
    const target = random.pick([
      'worker',
      'worker',
      'worker',
      'worker',
      'api',
      'parser',
      'parser',
      'supervisor',
      'everything',
    ]);
    if (target === 'everything') {
      await service.killAll();
      await sleep(random.between(0, 200));
      await service.start();
    } else {
      const victims = service.processes(target);
      if (victims.length === 0) continue;
      process.kill(random.pick(victims).pid, 'SIGKILL');
    }
    killed[target] = (killed[target] ?? 0) + 1;
    count++;
  }
  return killed;
}

/** What a client was shown is exactly the answer: nothing missing, nothing twice, nothing taken back. */
function checkAnswers({ answers }: Acknowledged): void {
  for (const answer of answers) {
    expect(answer).toMatchObject({ text: EXPECTED, status: 'completed', duplicates: 0, gaps: 0 });
  }
}

async function checkConversations(service: Service, { questions, titles }: Acknowledged): Promise<void> {
  const responseIds = new Set(questions.map((question) => question.responseId));
  expect(responseIds.size).toBe(questions.length);
  for (const [conversationId, title] of titles) {
    const asked = questions.filter((question) => question.conversationId === conversationId);
    const items = await allItems(service, conversationId);
    const texts = items.filter((item) => item.role === 'user').map((item) => item.content[0]?.text);
    for (const { question } of asked) expect(texts.filter((text) => text === question)).toHaveLength(1);
    const answers = items.filter((item) => item.role === 'assistant');
    expect(answers).toHaveLength(texts.length);
    for (const answer of answers) expect(answer.content[0]?.text).toBe(EXPECTED);
    const stored = await service.json<{ title: string }>('GET', `/v1/conversations/${conversationId}`);
    if (title.acknowledged !== '') expect([title.acknowledged, ...title.attempted]).toContain(stored.title);
  }
}

interface Item {
  id: string;
  role: string;
  content: { text: string }[];
}

async function allItems(service: Service, conversationId: string): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const after = items.at(-1)?.id;
    const page = await service.json<{ data: Item[]; has_more: boolean }>(
      'GET',
      `/v1/conversations/${conversationId}/items?limit=100&order=asc${after === undefined ? '' : `&after=${after}`}`,
    );
    items.push(...page.data);
    if (!page.has_more) return items;
  }
}

async function checkDocuments(service: Service, { documents }: Acknowledged): Promise<void> {
  expect(new Set(documents.map((document) => document.id)).size).toBe(documents.length);
  for (const { id, sha256 } of documents) {
    const response = await service.request('GET', `/v1/files/${id}/content`);
    expect(response.status).toBe(200);
    const content = Buffer.from(await response.arrayBuffer());
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  }
}

async function everyRunEnds(service: Service): Promise<void> {
  const ledger = openLedger(service);
  try {
    const open = ledger.prepare(`SELECT id, kind, status FROM run WHERE status IN ('queued', 'running')`);
    await until(
      () => open.all().length === 0,
      90_000,
      () => `unfinished: ${JSON.stringify(open.all())}`,
    );
    const unfinished = ledger
      .prepare(`SELECT document_id, status, failure FROM knowledge_base_document WHERE status <> 'completed'`)
      .all();
    expect(unfinished).toEqual([]);
  } finally {
    ledger.close();
  }
}

function checkLedger(service: Service): void {
  const ledger = openLedger(service);
  expect(ledger.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const badRuns = ledger.prepare(`SELECT kind, status, failure FROM run WHERE status <> 'completed'`).all();
  expect(badRuns).toEqual([]);
  ledger.close();
}

function openLedger(service: Service): DatabaseSync {
  return new DatabaseSync(join(service.dataDir, 'ledger.db'), { readOnly: true, timeout: 5_000 });
}
