import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { forgetOld, RetentionSettings } from './retention.ts';

const DAY_MS = 24 * 3_600_000;
const NOW = 1_000 * DAY_MS;
const SETTINGS = RetentionSettings.parse({});

let folder: string;
let ledger: Ledger;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-retention-'));
  ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface MadeRun {
  kind: string;
  ageDays: number;
  store?: boolean;
  conversation?: string;
  isOpen?: boolean;
}

async function makeRun(
  id: string,
  { kind, ageDays, store = true, conversation, isOpen }: MadeRun,
): Promise<void> {
  const input = JSON.stringify({ store, question: 'what about "store":false?' });
  const params = {
    id,
    kind,
    input,
    subject: conversation ?? null,
    ended: isOpen === true ? null : NOW - ageDays * DAY_MS,
  };
  await ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO run (id, kind, workspace_id, subject_id, input, status, epoch, lease_until, attempts, max_attempts,
         priority, available_at, deadline_at, cancel_requested, last_seq, created_at, finished_at)
       VALUES (:id, :kind, 'ws', :subject, :input, CASE WHEN :ended IS NULL THEN 'queued' ELSE 'completed' END,
         0, 0, 0, 3, 0, 0, 0, 0, 1, 0, :ended)`,
      params,
    );
    await tx.run(
      `INSERT INTO event (run_id, seq, epoch, type, payload, created_at) VALUES (:id, 1, 1, 'x', '{}', 0)`,
      { id },
    );
  });
}

async function makeConversation(id: string, deletedDaysAgo: number | null): Promise<void> {
  const deleted = deletedDaysAgo === null ? null : NOW - deletedDaysAgo * DAY_MS;
  await ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO conversation (id, workspace_id, metadata, created_at, updated_at, deleted_at)
       VALUES (:id, 'ws', '{}', 0, 0, :deleted)`,
      { id, deleted },
    );
    await tx.run(
      `INSERT INTO conversation_item (id, workspace_id, conversation_id, position, type, run_id, created_at)
       VALUES ('item ' || :id, 'ws', :id, 1, 'message', 'run of ' || :id, 0)`,
      { id },
    );
  });
}

async function idsOf(table: string): Promise<string[]> {
  const column = table === 'event' ? 'run_id' : 'id';
  const rows = await ledger.read.all<{ id: string }>(
    `SELECT ${column} AS id FROM ${table} ORDER BY ${column}`,
  );
  return rows.map(({ id }) => id);
}

test('finished work and answers that were not to be stored go when they are old; answers stay', async () => {
  await makeRun('answer', { kind: 'answer', ageDays: 900 });
  await makeRun('canary', { kind: 'answer', ageDays: 2, store: false });
  await makeRun('canary-new', { kind: 'answer', ageDays: 0.5, store: false });
  await makeRun('ingest', { kind: 'ingest', ageDays: 31 });
  await makeRun('ingest-new', { kind: 'ingest', ageDays: 29 });
  await makeRun('ingest-open', { kind: 'ingest', ageDays: 31, isOpen: true });
  expect(await forgetOld(ledger, SETTINGS, NOW)).toEqual({ runs: 2, conversations: 0, batches: 0 });
  const kept = ['answer', 'canary-new', 'ingest-new', 'ingest-open'];
  expect(await idsOf('run')).toEqual(kept);
  expect(await idsOf('event')).toEqual(kept);
});

test('an answer that was not to be stored, but stands in a conversation, stays with it', async () => {
  await makeConversation('alive', null);
  await makeRun('run of alive', { kind: 'answer', ageDays: 2, store: false, conversation: 'alive' });
  await forgetOld(ledger, SETTINGS, NOW);
  expect(await idsOf('run')).toEqual(['run of alive']);
});

test('a conversation that was deleted long ago goes with its questions and answers, unless one is still being given', async () => {
  for (const [id, days] of [
    ['alive', null],
    ['fresh', 29],
    ['gone', 31],
    ['busy', 31],
  ] as const) {
    await makeConversation(id, days);
    await makeRun(`run of ${id}`, { kind: 'answer', ageDays: 900, conversation: id, isOpen: id === 'busy' });
  }
  expect(await forgetOld(ledger, SETTINGS, NOW)).toMatchObject({ runs: 0, conversations: 1 });
  expect(await idsOf('conversation')).toEqual(['alive', 'busy', 'fresh']);
  expect(await idsOf('conversation_item')).toEqual(['item alive', 'item busy', 'item fresh']);
  expect(await idsOf('run')).toEqual(['run of alive', 'run of busy', 'run of fresh']);
});

test('however much is old, it goes', async () => {
  for (let count = 0; count < 450; count++) await makeRun(`run ${count}`, { kind: 'maintain', ageDays: 31 });
  expect((await forgetOld(ledger, SETTINGS, NOW)).runs).toBe(450);
  expect(await idsOf('run')).toEqual([]);
});
