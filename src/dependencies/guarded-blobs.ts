import type { Readable } from 'node:stream';
import { BudaoError } from '../contract/errors.ts';
import type { BlobStore, LocalBlobs } from '../knowledge/ports.ts';
import type { Dependency } from './dependency.ts';

/** Codes that tell of the store; the others tell of one blob, or of what was sent. */
const STORE_FAULTS = new Set(['storage_unavailable', 'storage_refused', 'dependency_timeout']);

/** What the file system says of itself; a client that breaks off its upload says ECONNRESET, and nothing of the store. */
const FILE_SYSTEM_FAULTS = new Set([
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOTDIR',
  'ESTALE',
  'ENXIO',
  'ENODEV',
]);

/** Asked for where only the answer matters, and not what it is. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function speaksAgainstBlobs(error: unknown): boolean {
  if (error instanceof BudaoError) return STORE_FAULTS.has(error.code);
  return error instanceof Error && 'code' in error && FILE_SYSTEM_FAULTS.has(String(error.code));
}

/**
 * The blobs behind their breaker. Reading may be done twice; writing takes as long as the upload does. `assertPresent`
 * tells a store that is gone from one that has lost a blob.
 */
export function guardBlobs<Blobs extends BlobStore & LocalBlobs>(
  blobs: Blobs,
  dependency: Dependency,
  assertPresent: () => Promise<void> = async () => {},
): BlobStore & LocalBlobs {
  const whilePresent = async <T>(work: () => Promise<T>): Promise<T> => {
    await assertPresent();
    return work();
  };
  const has = (sha256: string): Promise<boolean> =>
    dependency.call(() => whilePresent(() => blobs.has(sha256)));
  return {
    async put(content, options) {
      // An upload lasts as long as its sender likes: were it the probe, all others would be kept away until it ends.
      if (dependency.state.condition !== 'closed') await has(EMPTY_SHA256);
      return dependency.call(() => whilePresent(() => blobs.put(content, options)));
    },
    open: (sha256) =>
      dependency.call((signal) => whilePresent(() => openUnlessAborted(blobs, sha256, signal)), {
        hedge: true,
      }),
    localCopy: (sha256) => dependency.call(() => whilePresent(() => blobs.localCopy(sha256))),
    has,
    verify: (sha256) => whilePresent(() => blobs.verify(sha256)),
    damaged: () => whilePresent(() => blobs.damaged()),
    delete: (sha256, options) => whilePresent(() => blobs.delete(sha256, options)),
    async *list(options) {
      await assertPresent();
      yield* blobs.list(options);
    },
    sweep: (now) => blobs.sweep(now),
  };
}

/** A stream that nobody will read is closed, or its connection would stay. */
async function openUnlessAborted(blobs: BlobStore, sha256: string, signal: AbortSignal): Promise<Readable> {
  const body = await blobs.open(sha256);
  const close = (): void => void body.destroy();
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  body.once('close', () => signal.removeEventListener('abort', close));
  return body;
}
