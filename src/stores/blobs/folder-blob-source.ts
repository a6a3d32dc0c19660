import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { BlobSource } from '../../recovery/ports.ts';
import type { FolderBlobs } from './folder-blobs.ts';

/** What takes longer is worth a stream. */
const SMALL_BYTES = 1024 * 1024;

/**
 * Blobs on this machine's own disk for a thread that does nothing else: to read a small file at once takes a quarter of
 * the time that it takes to wait for each of its steps.
 */
export class FolderBlobSource implements BlobSource {
  readonly #blobs: FolderBlobs;

  constructor(blobs: FolderBlobs) {
    this.#blobs = blobs;
  }

  open(sha256: string): Promise<Readable> {
    return this.#blobs.open(sha256);
  }

  damaged(): Promise<ReadonlySet<string>> {
    return this.#blobs.damaged();
  }

  readSmall(sha256: string): Buffer | null {
    const content = readWhole(this.#blobs.path(sha256));
    // What is wrong with it, the store says and marks.
    return content !== null && hash('sha256', content) === sha256 ? content : null;
  }
}

function readWhole(path: string): Buffer | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(file);
    if (size > SMALL_BYTES) return null;
    const content = Buffer.allocUnsafe(size);
    return readSync(file, content, 0, size, 0) === size ? content : null;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
