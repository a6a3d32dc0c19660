import assert from 'node:assert/strict';
import type { Ledger } from '../../ledger/ledger.ts';
import { ClaimTurns } from '../claim-queues.ts';
import type { Run } from '../run.ts';
import { claimableKinds, claimRuns } from '../run-claims.ts';
import { submitRun } from '../run-store.ts';
import type { BrokenEngine } from './broken-engines.suite.ts';
import { append, type ConformanceCheck, LEASE_MS, request } from './run-checks-harness.suite.ts';

/** Work of several workspaces shares the slots, each workspace within its limits. */
export const fairnessChecks: readonly ConformanceCheck[] = [
  {
    name: "a workspace with thousands of runs delays another's single question by one slot's turn at most",
    async run({ ledger }) {
      const now = Date.now();
      await submitMany(ledger, 'ws_crowd', 2_000, now);
      const held = await claimAnswers(ledger, 3, now + 3_000);
      assert.deepEqual(workspacesOf(held), ['ws_crowd', 'ws_crowd', 'ws_crowd']);
      await submitMany(ledger, 'ws_single', 1, now + 3_500);
      assert.deepEqual(await claimAnswers(ledger, 0, now + 4_000), []);
      await append(ledger, held[0] as Run, 'completed');
      assert.deepEqual(workspacesOf(await claimAnswers(ledger, 1, now + 4_000)), ['ws_single']);
    },
  },
  {
    name: 'many free slots are shared equally, and what one workspace leaves goes to the others',
    async run({ ledger }) {
      const now = Date.now();
      await submitMany(ledger, 'ws_a', 30, now);
      await submitMany(ledger, 'ws_b', 30, now + 100);
      await submitMany(ledger, 'ws_c', 2, now + 200);
      const claimed = workspacesOf(await claimAnswers(ledger, 20, now + 1_000));
      assert.deepEqual(counted(claimed), { ws_a: 9, ws_b: 9, ws_c: 2 });
    },
  },
  {
    name: 'a single slot goes round between the workspaces, oldest first inside each',
    async run({ ledger }) {
      const now = Date.now();
      const first = await submitMany(ledger, 'ws_a', 4, now);
      await submitMany(ledger, 'ws_b', 2, now + 100);
      await submitMany(ledger, 'ws_c', 1, now + 200);
      const turns = new ClaimTurns();
      const order: Run[] = [];
      for (let turn = 0; turn < 7; turn++) {
        const [run] = await claimAnswers(ledger, 1, now + 1_000, turns);
        assert.ok(run);
        order.push(run);
        await append(ledger, run, 'completed');
      }
      assert.deepEqual(
        workspacesOf(order).map((id) => id.at(-1)),
        ['a', 'b', 'c', 'a', 'b', 'a', 'a'],
      );
      assert.deepEqual(
        order.filter((run) => run.workspaceId === 'ws_a').map((run) => run.id),
        first,
      );
    },
  },
  {
    name: 'a more urgent run goes before the turn of any workspace',
    async run({ ledger }) {
      const now = Date.now();
      await submitMany(ledger, 'ws_a', 1, now, 0);
      await submitMany(ledger, 'ws_b', 3, now + 100, 10);
      const claimed = await claimAnswers(ledger, 3, now + 1_000);
      assert.deepEqual(workspacesOf(claimed), ['ws_b', 'ws_b', 'ws_b']);
    },
  },
  {
    name: 'a workspace has no more under way than its limit, and goes on when something ends',
    async run({ ledger }) {
      const now = Date.now();
      await addWorkspace(ledger, 'ws_small', '{"limits": {"running_answers": 2}}');
      await submitMany(ledger, 'ws_small', 5, now);
      await submitMany(ledger, 'ws_other', 3, now + 100);
      const claimed = await claimAnswers(ledger, 10, now + 1_000);
      assert.deepEqual(counted(workspacesOf(claimed)), { ws_small: 2, ws_other: 3 });
      assert.deepEqual([...(await claimableKinds(ledger.read, ['answer'], now + 1_000))], []);
      const ended = claimed.find((run) => run.workspaceId === 'ws_small') as Run;
      await append(ledger, ended, 'completed');
      assert.deepEqual([...(await claimableKinds(ledger.read, ['answer'], now + 1_000))], ['answer']);
      assert.equal((await claimAnswers(ledger, 10, now + 1_000)).length, 1);
    },
  },
  {
    name: 'a queue whose runs all wait for something else does not hold up the others',
    async run({ ledger }) {
      const now = Date.now();
      const later = { ...request({ kind: 'answer', workspaceId: 'ws_a' }), delayMs: 60_000 };
      await ledger.transaction((tx) => submitRun(tx, later, now));
      await submitMany(ledger, 'ws_b', 2, now + 100);
      const claimed = await claimAnswers(ledger, 2, now + 1_000);
      assert.deepEqual(workspacesOf(claimed), ['ws_b', 'ws_b']);
    },
  },
];

export const unfairEngines: readonly BrokenEngine[] = [
  [
    'a claim that does not see who has how much',
    /thousands of runs/,
    (sql) =>
      sql.replace(/\(SELECT count\(\*\) FROM run AS held[\s\S]*?'running'\) AS underway/, '0 AS underway'),
  ],
  [
    'a claim that sees one workspace only',
    /shared equally/,
    (sql) => sql.replace('next.workspace_id > previous.workspace_id', '1 = 0'),
  ],
  [
    'a claim that sees one priority only',
    /more urgent run goes before/,
    (sql) =>
      sql.replace(
        'next.workspace_id > previous.workspace_id',
        'next.workspace_id > previous.workspace_id AND next.priority = previous.priority',
      ),
  ],
  [
    'a claim that ignores limits',
    /no more under way/,
    (sql) => sql.replace(/\(SELECT settings FROM workspace[^)]*\) AS settings/, 'NULL AS settings'),
  ],
];

async function submitMany(
  ledger: Ledger,
  workspaceId: string,
  count: number,
  now: number,
  priority = 10,
): Promise<string[]> {
  return ledger.transaction(async (tx) => {
    const ids: string[] = [];
    for (let index = 0; index < count; index++) {
      const submitted = request({ kind: 'answer', workspaceId, priority });
      ids.push((await submitRun(tx, submitted, now + index)).run.id);
    }
    return ids;
  });
}

function claimAnswers(ledger: Ledger, limit: number, now: number, turns?: ClaimTurns): Promise<Run[]> {
  const claim = { owner: 'a', kind: 'answer', limit, now, leaseUntil: now + LEASE_MS };
  return ledger.transaction((tx) => claimRuns(tx, turns === undefined ? claim : { ...claim, turns }));
}

async function addWorkspace(ledger: Ledger, id: string, settings: string): Promise<void> {
  await ledger.transaction((tx) =>
    tx.run('INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, :id, :settings, 0)', {
      id,
      settings,
    }),
  );
}

function workspacesOf(runs: readonly Run[]): string[] {
  return runs.map((run) => run.workspaceId);
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
