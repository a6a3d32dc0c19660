import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerTime } from '../../ledger/clock.ts';
import { madeOnce, REQUEST_KEPT_MS } from '../../ledger/made-once.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { RunWorker } from '../../runs/run-worker.ts';
import { getDocument } from '../library/documents.ts';
import { getKnowledgeBase, updateKnowledgeBase } from '../library/knowledge-bases.ts';
import { openTestKnowledge, type TestKnowledge, WORKSPACE } from '../testing.ts';
import {
  createMaintainHandler,
  expireKnowledgeBases,
  type MaintenanceOccasion,
  submitMaintenance,
} from './maintain-handler.ts';

const DAY_MS = 24 * 60 * 60_000;

describe('maintenance', () => {
  let knowledge: TestKnowledge;

  beforeEach(async () => {
    knowledge = await openTestKnowledge();
  });
  afterEach(() => knowledge[Symbol.asyncDispose]());

  it('is submitted once an hour, whoever looks, and once for each start, however soon it follows', async () => {
    const noon = Date.UTC(2026, 0, 5, 12);
    const submit = (occasion: MaintenanceOccasion, now: number) =>
      knowledge.ledger.transaction((tx) => submitMaintenance(tx, occasion, now));
    expect(await submit('hourly', noon)).toEqual({ kind: 'maintain' });
    expect(await submit('hourly', noon + DAY_MS / 48)).toBeNull();
    expect(await submit('hourly', noon + DAY_MS / 24)).toEqual({ kind: 'maintain' });
    expect(await submit({ startId: 'proc_a' }, noon)).toEqual({ kind: 'maintain' });
    expect(await submit({ startId: 'proc_a' }, noon + 100)).toBeNull();
    expect(await submit({ startId: 'proc_b' }, noon + 200)).toEqual({ kind: 'maintain' });
  });

  it('forgets an idempotency key after its time, and none before', async () => {
    const scoped = scopeLedger(knowledge.ledger, WORKSPACE);
    const now = ledgerTime();
    const make = (key: string, at: number, id: string) =>
      scoped.transaction((tx) => madeOnce(tx, { key, bodyHash: 'same' }, at, async () => [id]));
    await make('old', now - REQUEST_KEPT_MS - 60_000, 'first');
    await make('young', now - REQUEST_KEPT_MS + 60_000, 'first');
    await createMaintainHandler(knowledge).handle({} as never);
    expect(await make('young', now, 'second')).toEqual(['first']);
    expect(await make('old', now, 'second')).toEqual(['second']);
  });

  it('repairs as a run, and reports what it found', async () => {
    await using worker = new RunWorker({
      ledger: knowledge.ledger,
      channel: knowledge.channel,
      owner: 'proc_maintenance',
      handlers: [createMaintainHandler(knowledge)] as never,
    });
    expect(worker.heldRunIds).toEqual([]);
    await knowledge.ledger.transaction((tx) => submitMaintenance(tx, { startId: 'proc_a' }, Date.now()));
    knowledge.channel.publish('runs.available', '');
    await knowledge.quiet();
    const run = await knowledge.ledger.read.get<{ status: string; result: string }>('SELECT * FROM run');
    expect(run).toMatchObject({ status: 'completed' });
    expect(JSON.parse(run!.result)).toEqual({ expired: [], forgotten: {}, found: 0, findings: [] });
  });

  it('empties a knowledge base that nobody asked for its days, and keeps its files', async () => {
    knowledge.startWorker();
    const base = await knowledge.createBase();
    const documentId = await knowledge.store('a.md', '年假十天。');
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await knowledge.quiet();
    const ledger = scopeLedger(knowledge.ledger, WORKSPACE);
    const expiresAfter = { anchor: 'last_active_at', days: 7 } as const;
    await updateKnowledgeBase(ledger, base, { expiresAfter }, Date.now());
    expect(await expireKnowledgeBases(knowledge.ledger, Date.now() + 6 * DAY_MS)).toEqual([]);
    await updateKnowledgeBase(ledger, base, {}, Date.now() - 8 * DAY_MS);
    expect(await knowledge.find(base, '年假')).toEqual([]);
    expect(await expireKnowledgeBases(knowledge.ledger, Date.now())).toEqual([base]);
    await knowledge.quiet();
    const sql = scopeSql(knowledge.ledger.read, WORKSPACE);
    expect((await getKnowledgeBase(sql, base)).counts.completed).toBe(0);
    expect((await getDocument(sql, documentId)).filename).toBe('a.md');
    expect(await expireKnowledgeBases(knowledge.ledger, Date.now())).toEqual([]);
  });
});
