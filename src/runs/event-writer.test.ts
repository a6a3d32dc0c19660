import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { EventWriter } from './event-writer.ts';
import { claimRuns } from './run-claims.ts';
import { readEvents, submitRun } from './run-store.ts';

/** Refuses every statement that carries the word, as an engine refuses what it cannot store. */
function refusing(ledger: Ledger, word: string): Ledger {
  return Object.create(ledger, {
    transaction: {
      value: <T>(work: (tx: Sql) => Promise<T>) =>
        ledger.transaction((tx) =>
          work({
            all: (statement, params) => tx.all(statement, params),
            get: (statement, params) => tx.get(statement, params),
            run: async (statement, params) => {
              if (Object.values(params ?? {}).some((value) => String(value).includes(word))) {
                throw new Error('cannot store that');
              }
              return tx.run(statement, params);
            },
          }),
        ),
    },
    continuity: { value: ledger.continuity },
  }) as Ledger;
}

test('what one run cannot store ends that run alone, not those whose events share its commit', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-writer-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  const now = Date.now();
  for (let count = 0; count < 4; count++) {
    await ledger.transaction((tx) => submitRun(tx, { kind: 'work', workspaceId: 'ws_1', input: {} }, now));
  }
  const claimed = await ledger.transaction((tx) =>
    claimRuns(tx, { owner: 'me', kind: 'work', limit: 4, now, leaseUntil: now + 60_000 }),
  );
  const writer = new EventWriter({
    ledger: refusing(ledger, 'poison'),
    channel: new MemoryChannel(),
    owner: 'me',
  });
  const closed: string[] = [];
  for (const run of claimed)
    writer.open(run, { continuity: ledger.continuity, onClosed: () => closed.push(run.id) });
  const outcomes = await Promise.allSettled(
    claimed.map((run, index) => writer.append(run, 'note', { says: index === 1 ? 'poison' : 'water' }, true)),
  );
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(closed).toEqual([claimed[1]?.id]);
  const stored = await Promise.all(claimed.map((run) => readEvents(ledger.read, run.id, 0, 10)));
  expect(stored.map((events) => events.filter((event) => event.type === 'note').length)).toEqual([
    1, 0, 1, 1,
  ]);
});
