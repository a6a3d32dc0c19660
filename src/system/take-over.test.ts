import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../runs/run.ts';
import { appendEvents } from '../runs/run-appends.ts';
import { claimRuns } from '../runs/run-claims.ts';
import { readEvents, submitRun } from '../runs/run-store.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { type DataFolder, dataFolderAt } from './data-folder.ts';
import { takeOver } from './take-over.ts';

/** So many that their deltas share rows. */
const RUNS = 10;

let folder: DataFolder;
let ledger: Ledger;
beforeEach(async () => {
  folder = dataFolderAt(await mkdtemp(join(tmpdir(), 'budao-take-over-')));
  ledger = await openSqliteLedger({ path: folder.ledger });
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await rm(folder.path, { recursive: true });
});

function claim(owner: string): Promise<Run[]> {
  const now = Date.now();
  return ledger.transaction((tx) =>
    claimRuns(tx, { owner, kind: 'work', limit: RUNS, now, leaseUntil: now + 2_000 }),
  );
}

async function appendText(runs: readonly Run[], owner: string, seq: number, text: string) {
  const requests = runs.map((run) => ({
    runId: run.id,
    epoch: run.epoch,
    firstSeq: seq,
    events: [{ type: 'answer.delta', payloadJson: JSON.stringify({ text }), isDelta: true }],
    firstProgress: false,
    finish: null,
    fence: run.fence ?? null,
    isRetry: false,
  }));
  return ledger.transaction((tx) =>
    appendEvents(tx, owner, requests, Date.now(), { number: seq, spread: false }),
  );
}

it('loses no text that a dead worker had shown, and lets it write nothing more', async () => {
  for (let count = 0; count < RUNS; count++) {
    await ledger.transaction((tx) =>
      submitRun(tx, { kind: 'work', workspaceId: 'ws_test', input: {} }, Date.now()),
    );
  }
  const held = await claim('proc_dead');
  expect((await appendText(held, 'proc_dead', 1, 'shown')).appended).not.toContain(false);

  await takeOver(ledger, folder, { node: 'here', isCluster: false });
  const taken = await claim('proc_next');
  expect(taken.map((run) => run.lastSeq)).toEqual(Array.from({ length: RUNS }, () => 1));
  expect((await appendText(held, 'proc_dead', 2, 'late')).appended).not.toContain(true);
  expect((await appendText(taken, 'proc_next', 2, 'next')).appended).not.toContain(false);
  for (const { id } of taken) {
    const texts = (await readEvents(ledger.read, id, 0, 100)).map((event) => event.payload);
    expect(texts).toEqual([{ text: 'shown' }, { text: 'next' }]);
  }
});

it('refuses the name of a living node on another machine, also when both have the same process number', async () => {
  const row = {
    id: 'proc_twin',
    pid: process.pid,
    role: 'supervisor',
    version: '0',
    node: 'here',
    at: ledgerTime(),
  };
  const insert = (host: string) =>
    ledger.transaction((tx) =>
      tx.run(
        `INSERT INTO process (id, pid, role, version, started_at, seen_at, node, host)
         VALUES (:id, :pid, :role, :version, :at, :at, :node, :host)`,
        { ...row, host },
      ),
    );
  await insert('another.machine');
  const take = () => takeOver(ledger, folder, { node: 'here', isCluster: true });
  await expect(take()).rejects.toMatchObject({ code: 'node_name_in_use' });

  await ledger.transaction((tx) => tx.run('DELETE FROM process'));
  await insert(hostname());
  await take();
});
