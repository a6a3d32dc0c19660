/** What the tests of this folder and of its routes share: a ledger of their own, and a clock that they turn. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { type Access, createAccess } from './access.ts';
import { ensureBootstrap } from './bootstrap.ts';

export const BOOTSTRAP_KEY = 'bootstrap-key-for-tests-0123456789';

export interface TestAccess extends AsyncDisposable {
  ledger: Ledger;
  access: Access;
  workspaceId: string;
  adminPassword: string;
  clock: { now: number };
  now: () => number;
}

export async function openTestLedger(): Promise<{ ledger: Ledger; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-access-'));
  const ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
  return {
    ledger,
    close: async () => {
      await ledger[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function openTestAccess(): Promise<TestAccess> {
  const { ledger, close } = await openTestLedger();
  const clock = { now: Date.UTC(2026, 0, 5, 9) };
  const now = (): number => clock.now;
  const secrets = { read: async () => new Uint8Array(32).fill(7) };
  const first = await ensureBootstrap({ ledger, bootstrapApiKey: BOOTSTRAP_KEY, now });
  await first.acknowledge();
  return {
    ledger,
    access: await createAccess({ ledger, secrets, now }),
    workspaceId: first.workspaceId,
    adminPassword: first.admin?.password ?? '',
    clock,
    now,
    [Symbol.asyncDispose]: close,
  };
}
