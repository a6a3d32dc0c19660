import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import type { RunSystem } from '../../runs/conformance/run-checks-harness.suite.ts';
import { runConformance } from '../../runs/run-conformance.suite.ts';
import { MemoryChannel } from '../channel/memory-channel.ts';
import { openPostgresLedger, type PostgresLedger } from './postgres-ledger.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

async function freshSystem(breakIt: (ledger: Ledger) => Ledger = (ledger) => ledger): Promise<RunSystem> {
  const ledger = await openPostgresLedger({ url: server.url(await server.createLedger()) });
  const channel = new MemoryChannel();
  return {
    ledger: breakIt(ledger),
    channel,
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]();
      await ledger[Symbol.asyncDispose]();
    },
  };
}

describe('runs on PostgreSQL', () => {
  for (const check of runConformance) {
    test(check.name, async () => {
      await using system = await freshSystem();
      await check.run(system);
    });
  }
});
