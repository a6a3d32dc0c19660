/** Manifests: signed, put last and once. What is none, or has a wrong signature, is told and never used. */
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage, SnapshotManifest } from '../ports.ts';
import { formatOf, readSigner } from './description.ts';
import { RETIRED, SNAPSHOTS, snapshotKey, snapshotName } from './layout.ts';
import { MAX_CONTROL_BYTES, REQUESTS_AT_ONCE } from './limits.ts';
import { mapAtOnce } from './map-at-once.ts';
import { readUnverified, type Signer, signText, verifiedSigner } from './signing.ts';

const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const COUNT = z.int().nonnegative();
export const MANIFEST = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  installationId: z.string(),
  createdAt: COUNT,
  programVersion: z.string(),
  schemaVersion: COUNT,
  ledgerEngine: z.enum(['sqlite', 'postgres']),
  contents: z.strictObject({ sha256: HASH, bytes: COUNT }),
  packs: z.array(
    z.strictObject({ name: HASH, bytes: COUNT, layer: z.enum(['documents', 'ledger']), index: HASH }),
  ),
  counts: z.strictObject({
    workspaces: COUNT,
    documents: COUNT,
    conversations: COUNT,
    runs: COUNT,
    blobs: COUNT,
  }),
  plainBytes: COUNT,
  addedBytes: COUNT,
  label: z.string().nullable(),
});

export interface StoredManifest {
  key: string;
  manifest: SnapshotManifest;
  isRetired: boolean;
}

export interface UnreadableManifest {
  key: string;
  error: BudaoError;
}

export function manifestText(manifest: SnapshotManifest, signer: Signer): Buffer {
  return Buffer.from(signText(MANIFEST.parse(manifest), signer));
}

/** Newest first, by the time in their names. */
export async function readManifests(
  storage: RepositoryStorage,
  options: { withRetired?: boolean; newest?: number } = {},
): Promise<{ manifests: StoredManifest[]; unreadable: UnreadableManifest[] }> {
  const files = await Array.fromAsync(storage.list(SNAPSHOTS));
  if (options.withRetired === true) files.push(...(await Array.fromAsync(storage.list(RETIRED))));
  const keys = files.map(({ key }) => key);
  keys.sort((left, right) => (snapshotName(left) < snapshotName(right) ? 1 : -1));
  const signers = new Map<string, Promise<string | null>>();
  const manifests: StoredManifest[] = [];
  const unreadable: UnreadableManifest[] = [];
  const read = await mapAtOnce(keys.slice(0, options.newest), REQUESTS_AT_ONCE, (key) =>
    readManifest(storage, key, signers).catch((error: unknown) => errorAbout(key, error)),
  );
  for (const one of read) {
    if (one === null) continue;
    if ('error' in one) unreadable.push(one);
    else manifests.push(one);
  }
  return { manifests, unreadable };
}

/** @returns null when it was removed meanwhile. @throws BudaoError snapshot_damaged, snapshot_newer, snapshot_signature_invalid */
async function readManifest(
  storage: RepositoryStorage,
  key: string,
  signers: Map<string, Promise<string | null>>,
): Promise<StoredManifest | null> {
  const content = await storage.get(key);
  if (content === null) return null;
  const text = content.toString('utf8');
  const unverified = readUnverified(text);
  const publicKey = verifiedSigner(text);
  if (content.length > MAX_CONTROL_BYTES || unverified === null) throw notAManifest(key);
  if (publicKey === null) throw signatureInvalid(key, 'its signature does not fit');
  if (formatOf(unverified) > 1) throw snapshotNewer(key, formatOf(unverified));
  const read = MANIFEST.safeParse(unverified);
  if (!read.success) throw notAManifest(key);
  const manifest = read.data;
  if (snapshotName(key) !== snapshotName(snapshotKey(manifest))) throw notAManifest(key);
  let pinned = signers.get(manifest.installationId);
  if (pinned === undefined) {
    pinned = readSigner(storage, manifest.installationId);
    signers.set(manifest.installationId, pinned);
  }
  if ((await pinned) !== publicKey) {
    throw signatureInvalid(
      key,
      `it is not signed by the installation ${manifest.installationId} that it names`,
    );
  }
  return { key, manifest, isRetired: key.startsWith(RETIRED) };
}

/** What the place itself does not do ends the reading; what is wrong with one file is said of that file. */
function errorAbout(key: string, error: unknown): UnreadableManifest {
  if (error instanceof BudaoError && !PLACE.has(error.code)) return { key, error };
  throw error;
}

const PLACE = new Set(['repository_unavailable', 'repository_full', 'repository_read_only']);

function notAManifest(key: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'snapshot_damaged',
    `${key} is damaged and no snapshot any more. Use another snapshot, and put the file back from a copy of the repository.`,
  );
}

function signatureInvalid(key: string, why: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'snapshot_signature_invalid',
    `${key} is not used: ${why}. It was damaged or forged; use another snapshot, and look who can write to the repository.`,
  );
}

export function snapshotNewer(key: string, format: number): BudaoError {
  return new BudaoError(
    'invalid',
    'snapshot_newer',
    `${key} has format ${format}, which a newer Budao has written; this program knows 1. Upgrade to restore it.`,
  );
}
