/**
 * Snapshots that this machine has published, by what it remembers, and those that prunings have taken away, by what they
 * have signed. What is in neither place was taken away by somebody else.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RepositoryStorage } from '../ports.ts';
import { readSigner } from './description.ts';
import { PRUNED, SNAPSHOTS, snapshotName } from './layout.ts';
import { readUnverified, type Signer, signText, verifiedSigner } from './signing.ts';

const FILE = 'published.txt';
const RECORD = z.strictObject({
  format: z.literal(1),
  installationId: z.string(),
  prunedAt: z.int(),
  snapshots: z.array(z.string()),
});

export async function rememberSnapshot(stateFolder: string | null, key: string): Promise<void> {
  if (stateFolder === null) return;
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  await appendFile(join(stateFolder, FILE), `${snapshotName(key)}\n`, { mode: 0o600 });
}

/** Before they are taken away. */
export async function recordPruning(
  storage: RepositoryStorage,
  signer: Signer,
  { session, prunedAt, keys }: { session: string; prunedAt: number; keys: readonly string[] },
): Promise<void> {
  const record = {
    format: 1,
    installationId: signer.installationId,
    prunedAt,
    snapshots: keys.map(snapshotName),
  };
  await storage.putIfAbsent(`${PRUNED}${session}.json`, Buffer.from(signText(record, signer)));
}

/** Names of snapshots that should be there, and that nobody has pruned. */
export async function vanishedSnapshots(
  storage: RepositoryStorage,
  stateFolder: string | null,
  present: ReadonlySet<string>,
): Promise<string[]> {
  const remembered =
    stateFolder === null ? '' : await readFile(join(stateFolder, FILE), 'utf8').catch(() => '');
  // A line that a power cut has torn names nothing.
  const names = remembered.split('\n').filter((name) => /^\d{8}T\d{6}Z-.+\.json$/.test(name));
  const missing = new Set(names.filter((name) => !present.has(name)));
  if (missing.size === 0) return [];
  for await (const { key } of storage.list(PRUNED)) {
    for (const name of await readPruning(storage, key)) missing.delete(name);
  }
  return [...missing];
}

/** Keys of records that are damaged, or signed by nobody who is known here. */
export async function unsoundPrunings(storage: RepositoryStorage): Promise<string[]> {
  const unsound: string[] = [];
  for await (const { key } of storage.list(PRUNED)) {
    if ((await readPruning(storage, key)).length === 0) unsound.push(key);
  }
  return unsound;
}

export function vanishedKey(name: string): string {
  return `${SNAPSHOTS}${name}`;
}

async function readPruning(storage: RepositoryStorage, key: string): Promise<string[]> {
  const text = (await storage.get(key))?.toString('utf8') ?? '';
  const read = RECORD.safeParse(readUnverified(text));
  if (!read.success) return [];
  const pinned = await readSigner(storage, read.data.installationId).catch(() => null);
  return pinned !== null && pinned === verifiedSigner(text) ? read.data.snapshots : [];
}
