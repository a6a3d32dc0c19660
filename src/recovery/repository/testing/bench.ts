/** A small repository in a folder, and what to put into it. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderRepository } from '../../../stores/repository/folder-repository.ts';
import type {
  ObjectReference,
  RepositoryStorage,
  SnapshotContents,
  SnapshotDescription,
  SnapshotManifest,
} from '../../ports.ts';
import { generateRecoveryKey, type RecoveryKey } from '../age.ts';
import { createRepository, openRepository, type Repository, type RepositoryOptions } from '../repository.ts';
import type { Retention } from '../retention.ts';
import { generateSigningKey, type Signer } from '../signing.ts';

export const INSTALLATION = 'inst_one';

/** Keeps the newest snapshot, and the documents of those that go. */
export const KEEP_NEWEST: Retention = {
  last: 1,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  keepDocuments: true,
};

export interface Bench extends AsyncDisposable {
  folder: string;
  storage: RepositoryStorage;
  key: RecoveryKey;
  signer: Signer;
  open(options?: Partial<RepositoryOptions>): Promise<Repository>;
}

/** A new repository in a folder of its own, or in another place, with the recovery key that opens it. */
export async function createBench(
  options: { appendOnly?: boolean; place?: RepositoryStorage } = {},
): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'budao-repository-'));
  const folder = join(root, 'repository');
  await mkdir(folder);
  const storage = options.place ?? new FolderRepository(folder, 'budao-repository.json');
  const key = await generateRecoveryKey();
  const signer = createSigner(INSTALLATION);
  await createRepository(storage, {
    signer,
    recipients: [key.recipient],
    appendOnly: options.appendOnly ?? false,
  });
  return {
    folder,
    storage,
    key,
    signer,
    open: (changed = {}) =>
      openRepository({
        storage,
        signer,
        identities: [key.identity],
        stateFolder: join(root, 'state'),
        scratchFolder: join(root, 'scratch'),
        ...changed,
      }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export function createSigner(installationId: string): Signer {
  return { installationId, privateKey: generateSigningKey().privateKey };
}

export function referenceTo(content: Buffer): ObjectReference {
  return { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}

/** A snapshot of these documents and one piece of a table that tells them. */
export async function takeSnapshot(
  repository: Repository,
  documents: readonly (Buffer | string)[],
  description: Partial<SnapshotDescription> = {},
): Promise<SnapshotManifest> {
  await using writer = await repository.write();
  const blobs: ObjectReference[] = [];
  for (const document of documents) {
    const content = Buffer.from(document);
    const blob = referenceTo(content);
    await writer.add(blob, content, 'documents');
    blobs.push(blob);
  }
  const rows = Buffer.from(`["id"]\n${blobs.map(({ sha256 }) => `["${sha256}"]\n`).join('')}`);
  const piece = referenceTo(rows);
  await writer.add(piece, rows);
  return await writer.publish(contentsOf(blobs, piece), { ...describe(), ...description });
}

export function contentsOf(blobs: ObjectReference[], piece: ObjectReference): SnapshotContents {
  const tables = [{ name: 'document', rows: blobs.length, pieces: [piece] }];
  return { tables, blobs, derived: [], secrets: [], files: [], leftOut: [] };
}

let snapshots = 0;

export function describe(): SnapshotDescription {
  snapshots += 1;
  return {
    id: `snap${snapshots}`,
    installationId: INSTALLATION,
    createdAt: Date.UTC(2026, 10, 1) + snapshots * 60_000,
    programVersion: '0.1.0',
    schemaVersion: 1,
    ledgerEngine: 'sqlite',
    counts: { workspaces: 1, documents: 1, conversations: 0, runs: 0, blobs: 1 },
    label: null,
  };
}

/** Every document of a snapshot, as a restore would get it. */
export async function readBack(repository: Repository, manifest: SnapshotManifest): Promise<string[]> {
  const { contents, objects } = await repository.read(manifest);
  const found = new Map<string, string>();
  await objects.readMany(
    contents.blobs.map(({ sha256 }) => sha256),
    async (sha256, content) => {
      if (referenceTo(content).sha256 !== sha256) throw new Error('wrong bytes were handed out');
      found.set(sha256, content.toString('utf8'));
    },
  );
  return contents.blobs.map(({ sha256 }) => found.get(sha256) ?? '');
}
