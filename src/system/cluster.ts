import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import { holdDuty, leaveDuties } from '../ledger/duty.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { keyFingerprint } from '../stores/secrets/derived-secrets.ts';
import type { Configuration } from './configuration.ts';

/** After so long without a word of it, whoever does the work is taken for dead. */
const FIRST_START_TTL_MS = 15_000;
const RETRY_MS = 200;

/** Nodes that start together on an empty database do what must be done once, one after another. */
export async function oneAtATime<T>(
  ledger: Ledger,
  owner: string,
  work: () => Promise<T>,
  ttlMs = FIRST_START_TTL_MS,
): Promise<T> {
  const duty = { name: 'first start', owner, ttlMs };
  const hold = (): Promise<boolean> =>
    ledger.transaction((tx) => holdDuty(tx, { ...duty, now: ledgerTime() }));
  while (!(await hold())) await sleep(RETRY_MS);
  // What is not kept for want of a ledger is kept by the next beat, or was nobody's to lose.
  let beat: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    beat = hold().catch(() => {});
  }, ttlMs / 5);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await beat;
    await ledger.transaction((tx) => leaveDuties(tx, owner));
  }
}

/**
 * A node with another key would refuse everybody whom the others have signed in, and could read none of their secrets.
 *
 * @throws BudaoError secret_mismatch
 */
export async function checkSharedKey(ledger: Ledger, keyFile: string): Promise<void> {
  const fingerprint = await keyFingerprint(keyFile);
  const known = await ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO setting (name, value, updated_at) VALUES ('cluster.key', :fingerprint, :now)
       ON CONFLICT (name) DO NOTHING`,
      { fingerprint, now: ledgerTime() },
    );
    return tx.get<{ value: string }>(`SELECT value FROM setting WHERE name = 'cluster.key'`);
  });
  if (known?.value === fingerprint) return;
  throw new BudaoError(
    'invalid',
    'secret_mismatch',
    `The key file ${keyFile} is not the one that this installation was made with. Give every node the same file.`,
  );
}

/** Brings the shared ledger's schema up to date, alone. Null where there is none to share. */
export async function migrateCluster(
  configuration: Configuration,
): Promise<{ from: number; to: number } | null> {
  const { url, passwordFile } = configuration.stores.ledger;
  if (url === null) return null;
  const { migratePostgresLedger } = await import('../stores/ledger/postgres-ledger.ts');
  return migratePostgresLedger({ url, passwordPath: passwordFile });
}
