import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { SocketHub } from '../stores/channel/socket-hub.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { brokenEngines, rewriting } from './conformance/broken-engines.suite.ts';
import type { RunSystem } from './conformance/run-checks-harness.suite.ts';
import { runConformance } from './run-conformance.suite.ts';

async function freshSystem(
  sabotage: (statement: string) => string = (statement) => statement,
): Promise<RunSystem> {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-runs-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  cleanup.use(await SocketHub.listen(join(folder, 'hub.sock')));
  const channel = cleanup.use(new SocketChannel(join(folder, 'hub.sock')));
  return {
    ledger: rewriting(ledger, sabotage),
    channel,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

describe('runs on SQLite and the socket hub', () => {
  for (const check of runConformance) {
    test(check.name, async () => {
      await using system = await freshSystem();
      await check.run(system);
    });
  }

  test('the channel of a single process serves as well', async () => {
    for (const check of runConformance.filter((one) => /watcher|cancelling/.test(one.name))) {
      await using system = await freshSystem();
      await check.run({ ...system, channel: new MemoryChannel() });
    }
  });
});

describe('the suite notices a broken engine', () => {
  for (const [name, checkName, sabotage] of brokenEngines) {
    test(name, async () => {
      const check = runConformance.find((one) => checkName.test(one.name));
      expect(check).toBeDefined();
      await using system = await freshSystem(sabotage);
      await expect(check?.run(system)).rejects.toThrow();
    });
  }
});
