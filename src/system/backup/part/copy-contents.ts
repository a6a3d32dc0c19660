/** The bytes that a part needs, into stores that others use meanwhile. */
import { Readable } from 'node:stream';
import type { BlobStore } from '../../../knowledge/ports.ts';
import type { ObjectReader, SnapshotContents } from '../../../recovery/ports.ts';

/** Each is synced, and those that are under way at once share what that takes. */
const PUTS_AT_ONCE = 16;

export interface NeededContents {
  blobs: Set<string>;
  derived: Set<string>;
}

/** What has to be copied, with its size. */
export interface MissingContents {
  blobs: Map<string, number>;
  derived: Map<string, number>;
  /** Originals that are neither here nor in the snapshot. */
  lost: Set<string>;
  /** Here already. */
  there: Set<string>;
}

export async function findMissing(
  needed: NeededContents,
  stores: { blobs: BlobStore; derived: BlobStore },
  contents: SnapshotContents,
): Promise<MissingContents> {
  const originals = await look(stores.blobs, needed.blobs, contents.blobs);
  const derived = await look(stores.derived, needed.derived, contents.derived);
  return {
    blobs: originals.missing,
    derived: derived.missing,
    lost: originals.lost,
    there: originals.there.union(derived.there),
  };
}

async function look(
  store: BlobStore,
  needed: ReadonlySet<string>,
  inSnapshot: SnapshotContents['blobs'],
): Promise<{ missing: Map<string, number>; lost: Set<string>; there: Set<string> }> {
  const found = { missing: new Map<string, number>(), lost: new Set<string>(), there: new Set<string>() };
  if (needed.size === 0) return found;
  const sizes = new Map(inSnapshot.map(({ sha256, bytes }) => [sha256, bytes]));
  const damaged = await store.damaged();
  for (const sha256 of needed) {
    if (!damaged.has(sha256) && (await store.has(sha256))) {
      found.there.add(sha256);
      continue;
    }
    const bytes = sizes.get(sha256);
    if (bytes === undefined) found.lost.add(sha256);
    else found.missing.set(sha256, bytes);
  }
  return found;
}

/** Each is durable when this resolves. */
export async function copyContents(
  missing: Pick<MissingContents, 'blobs' | 'derived'>,
  stores: { blobs: BlobStore; derived: BlobStore },
  objects: ObjectReader,
  { signal, onCopied }: { signal: AbortSignal; onCopied: (bytes: number) => void },
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const begin = (store: BlobStore, content: Buffer): void => {
    const put = store.put(Readable.from([content]), { maxBytes: content.length }).then(() => {
      underWay.delete(put);
      onCopied(content.length);
    });
    underWay.add(put);
    // Met by whoever waits for it.
    put.catch(() => {});
  };
  try {
    await objects.readMany(
      new Set([...missing.blobs.keys(), ...missing.derived.keys()]),
      async (sha256, content) => {
        signal.throwIfAborted();
        if (missing.blobs.has(sha256)) begin(stores.blobs, content);
        if (missing.derived.has(sha256)) begin(stores.derived, content);
        while (underWay.size >= PUTS_AT_ONCE) await Promise.race(underWay);
      },
    );
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
}
