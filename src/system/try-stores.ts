import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BudaoError } from '../contract/errors.ts';
import { probeSharedFolder } from '../stores/files/shared-folder-probe.ts';
import { openPostgresLedger } from '../stores/ledger/postgres-ledger.ts';
import { requirePostgresRights } from '../stores/ledger/postgres-rights.ts';
import { keyFingerprint } from '../stores/secrets/derived-secrets.ts';
import { type Configuration, isCluster } from './configuration.ts';
import { requireSameSettings } from './same-settings.ts';
import { openLedger, settingsHash } from './shared-stores.ts';
import { attempt, type Trial } from './trial.ts';

/** A mount whose server is gone stops whoever touches it, for ever. */
const FOLDER_TIMEOUT_MS = 10_000;

const PROBE_BYTES = 64 * 1024;

/** Tries every shared engine that the configuration names, with the smallest thing that tells whether it works. */
export async function tryStores(configuration: Configuration): Promise<Trial[]> {
  if (!isCluster(configuration)) return [];
  const { stores } = configuration;
  const trials: Trial[] = [await attempt('ledger', 'PostgreSQL', () => tryLedger(configuration))];
  // One finding for one cause: without the ledger nobody knows the other nodes.
  if (trials[0]?.ok === true) trials.push(await attempt('nodes', 'settings', () => tryNodes(configuration)));
  const channel = stores.channel.url;
  if (channel !== null)
    trials.push(await attempt('channel', 'Redis', () => tryRedis(configuration, channel)));
  for (const [kind, folder] of [
    ['blobs', stores.blobs.folder],
    ['index', stores.index.folder],
  ] as const) {
    if (folder !== null) trials.push(await attempt(kind, folder, () => tryFolder(folder)));
  }
  const { bucket } = stores.blobs;
  if (bucket !== null) {
    const { requireSuitableBucket } = await import('./bucket.ts');
    trials.push(await attempt('blobs', bucket.name, () => requireSuitableBucket(bucket)));
  }
  const keyFile = stores.secretKeyFile;
  if (keyFile !== null) trials.push(await attempt('secret', keyFile, () => tryKey(keyFile)));
  return trials;
}

async function tryLedger(configuration: Configuration): Promise<string> {
  const { url, passwordFile } = configuration.stores.ledger;
  await using ledger = await openPostgresLedger({
    url: url ?? '',
    passwordPath: passwordFile,
    maxConnections: 3,
  });
  const { size } = (await ledger.read.get<{ size: number }>(
    'SELECT pg_database_size(current_database()) AS size',
  )) ?? { size: 0 };
  const rights = await requirePostgresRights(ledger.read);
  await ledger.transaction(async (tx) => {
    // So long that there is hardly room for it in what the tables have: a full disk shows itself.
    const value = randomBytes(PROBE_BYTES).toString('base64');
    await tx.run(
      `INSERT INTO setting (name, value, updated_at) VALUES ('config check', :value, 0)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      { value },
    );
    await tx.run(`DELETE FROM setting WHERE name = 'config check'`);
  });
  const behindMs = Math.round(ledger.now() - Date.now());
  const clock =
    Math.abs(behindMs) > 1_000 ? `; this machine's clock is ${-behindMs} ms off the database's` : '';
  return `${Math.ceil(size / 1024 / 1024)} MiB${clock}${rights === '' ? '' : `; ${rights}`}`;
}

async function tryNodes(configuration: Configuration): Promise<string> {
  await using ledger = await openLedger(configuration);
  return await requireSameSettings(ledger.read, settingsHash(configuration));
}

async function tryRedis({ stores }: Configuration, url: string): Promise<string> {
  const { probeRedis } = await import('../stores/channel/redis-channel.ts');
  return probeRedis({ url, passwordPath: stores.channel.passwordFile, installationId: 'config-check' });
}

/** At the first use the folder is made, what holds it never is. Only the probe touches a mount that may hang. */
async function tryFolder(folder: string): Promise<string> {
  const probe = (path: string) => probeSharedFolder({ folder: path, timeoutMs: FOLDER_TIMEOUT_MS });
  const found = await probe(folder);
  if (found.isUsable) return '';
  const holder = found.detail.includes('ENOENT') ? await probe(dirname(folder)) : found;
  if (holder.isUsable) return 'is made at the first use';
  throw new BudaoError('unavailable', 'storage_unavailable', holder.detail);
}

async function tryKey(keyFile: string): Promise<string> {
  const fingerprint = await keyFingerprint(keyFile);
  const { mode } = await stat(keyFile);
  const open = (mode & 0o077) === 0 ? '' : '; other users of this machine can read it';
  return `fingerprint ${fingerprint.slice(0, 8)}${open}`;
}
