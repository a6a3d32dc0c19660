import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncEverythingIn } from '../files/sync-everything.ts';

/**
 * Fills a folder as `FolderBlobs` lays it out, which nobody reads yet: nothing is synced on the way, and everything at
 * the end.
 */
export class FolderBlobSink {
  readonly #folder: string;
  readonly #shards = new Map<string, Promise<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(sha256: string, content: Buffer): Promise<void> {
    const shard = join(this.#folder, sha256.slice(0, 2));
    let made = this.#shards.get(shard);
    if (made === undefined) {
      made = mkdir(shard, { recursive: true, mode: 0o700 });
      this.#shards.set(shard, made);
    }
    await made;
    await writeFile(join(shard, sha256), content, { mode: 0o600 });
  }

  async finish(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await syncEverythingIn(this.#folder);
  }
}
