import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobSink } from '../../recovery/ports.ts';
import { syncEverythingIn } from '../files/sync-everything.ts';
import { ofTheDisk } from './blob-errors.ts';

/**
 * Fills a folder as `FolderBlobs` lays it out, for a command that does nothing else, and while nobody reads it: each
 * write blocks, which takes a fraction of the time, nothing is synced on the way, and everything at the end.
 */
export class FolderBlobSink implements BlobSink {
  readonly #folder: string;
  readonly #shards = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(sha256: string, content: Buffer): Promise<void> {
    const shard = join(this.#folder, sha256.slice(0, 2));
    if (!this.#shards.has(shard)) mkdirSync(shard, { recursive: true, mode: 0o700 });
    this.#shards.add(shard);
    try {
      writeFileSync(join(shard, sha256), content, { mode: 0o600 });
    } catch (error) {
      throw ofTheDisk(error);
    }
  }

  async finish(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await syncEverythingIn(this.#folder);
  }
}
