/** A whole copy of an embedded ledger, with which a generation of a stream begins. */
import { hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { BlobSource, ObjectReference, RepositoryStorage, SnapshotContents } from '../ports.ts';
import { formatOf, readSigner } from '../repository/description.ts';
import { MANIFEST, snapshotNewer } from '../repository/manifests.ts';
import type { Signer } from '../repository/signing.ts';
import { readUnverified, signText, verifiedSigner } from '../repository/signing.ts';
import type { LockedSnapshotWriter } from '../repository/snapshot-writer.ts';
import { copyDerived, copyOriginals } from '../snapshot/copy-blobs.ts';
import { NeededBlobs } from '../snapshot/needed-blobs.ts';
import { addNamed, type NamedContent } from '../snapshot/take-snapshot.ts';
import type { LogPicture } from './ports.ts';
import { identityOf } from './segment.ts';
import { baseKey, streamFolder } from './stream-layout.ts';

/** A mebibyte of usual pages: what has not changed since the generation before is not stored again. */
const PIECE_PAGES = 256;
/** Where the list of contents has the pages. */
export const PAGES = 'pages';

const BASE = z.strictObject({
  format: z.literal(1),
  generation: z.string(),
  pageBytes: z.int().positive(),
  databasePages: z.int().nonnegative(),
  since: z.int(),
  until: z.int(),
  /** What it needs, as a snapshot says it; the pages are pieces of a table of their own. */
  manifest: MANIFEST,
});
export type StreamBase = z.infer<typeof BASE>;

export interface BaseSources {
  blobs: BlobSource;
  derived: BlobSource;
  secrets: readonly NamedContent[];
  files: readonly NamedContent[];
}

export interface PublishedBase {
  base: StreamBase;
  /** The hash that the first segment names. */
  identity: string;
  /** Objects that need not be stored again in this generation. */
  stored: Set<string>;
}

/** @throws MissingBlobs where a newer picture may help, BudaoError of the repository */
export async function putBase(options: {
  generation: string;
  picture: LogPicture;
  sources: BaseSources;
  writer: LockedSnapshotWriter;
  signer: Signer;
  programVersion: string;
  signal: AbortSignal;
}): Promise<PublishedBase> {
  const { generation, picture, sources, writer, signer, signal } = options;
  const { pageBytes, databasePages, since, until, schemaVersion } = picture;
  const needed = new NeededBlobs();
  let pieces: ObjectReference[];
  try {
    for (const table of ['workspace', 'conversation', 'document', 'knowledge_base_document'])
      for (const row of picture.rows(table)) needed.note(table, row);
    pieces = await addPages(picture, writer, signal);
  } finally {
    // The log may be begun anew again.
    picture[Symbol.dispose]();
  }
  const copying = { needed, writer, signal, onCopied: () => {} };
  const damaged = await sources.blobs.damaged();
  const originals = await copyOriginals({ ...copying, source: sources.blobs, damaged });
  const derived = await copyDerived({ ...copying, source: sources.derived });
  const contents: SnapshotContents = {
    tables: [{ name: PAGES, rows: databasePages, pieces }],
    blobs: originals.blobs,
    derived: derived.derived,
    secrets: await addNamed(writer, sources.secrets),
    files: await addNamed(writer, sources.files),
    leftOut: [...originals.leftOut, ...derived.leftOut],
  };
  signal.throwIfAborted();
  let published: { base: StreamBase; text: string } | null = null;
  await writer.publishAs(contents, (parts) => {
    const manifest = {
      format: 1 as const,
      id: generation,
      installationId: signer.installationId,
      createdAt: until,
      programVersion: options.programVersion,
      schemaVersion,
      ledgerEngine: 'sqlite' as const,
      counts: { ...needed.counts, blobs: originals.blobs.length },
      label: null,
      ...parts,
    };
    const base: StreamBase = { format: 1, generation, pageBytes, databasePages, since, until, manifest };
    const text = signText(BASE.parse(base), signer);
    published = { base, text };
    const folder = streamFolder({ installationId: signer.installationId, generation });
    return { key: baseKey(folder), body: Buffer.from(text) };
  });
  if (published === null) throw new TypeError('a base was put without its text');
  const { base, text } = published as { base: StreamBase; text: string };
  const stored = new Set([...originals.blobs, ...derived.derived].map(({ sha256 }) => sha256));
  return { base, identity: identityOf(text), stored };
}

/** @returns null where it is not, or not yet, there. @throws BudaoError snapshot_newer; RangeError for a damaged or forged one */
export async function readBase(
  storage: RepositoryStorage,
  key: string,
): Promise<{ base: StreamBase; identity: string } | null> {
  const text = (await storage.get(key))?.toString('utf8');
  if (text === undefined) return null;
  const unverified = readUnverified(text);
  const publicKey = verifiedSigner(text);
  if (publicKey !== null && formatOf(unverified) > 1) throw snapshotNewer(key, formatOf(unverified));
  const read = BASE.safeParse(unverified);
  if (!read.success || publicKey === null) throw new RangeError(`${key} is damaged`);
  const { installationId } = read.data.manifest;
  if (key !== baseKey(streamFolder({ installationId, generation: read.data.generation })))
    throw new RangeError(`${key} is the base of another stream`);
  if ((await readSigner(storage, installationId)) !== publicKey)
    throw new RangeError(`${key} is not signed by the installation that it names`);
  return { base: read.data, identity: identityOf(text) };
}

async function addPages(
  picture: LogPicture,
  writer: LockedSnapshotWriter,
  signal: AbortSignal,
): Promise<ObjectReference[]> {
  const pieces: ObjectReference[] = [];
  for (const content of picture.pages(PIECE_PAGES)) {
    signal.throwIfAborted();
    const object = { sha256: hash('sha256', content), bytes: content.length };
    if (!writer.has(object.sha256)) await writer.add(object, content);
    pieces.push(object);
    // Changes are read on meanwhile.
    await nextTurn();
  }
  return pieces;
}
