/**
 * One table of an index that lives in a bucket or in a shared folder. A writer changes a copy on its own machine,
 * uploads the new files under their SHA-256, and publishes the list of all files as the next version, on condition that
 * there is none of that number yet: of two writers the slower one starts again from what the faster one has published.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import type { IndexedChunk } from '../../knowledge/ports.ts';
import type { IndexTable } from './index-table.ts';
import { indexError } from './lancedb-errors.ts';
import type { OpenVersion } from './lancedb-table.ts';
import { type PublishedPlace, TableCopy } from './published-copy.ts';
import { ABANDONED_PUBLISH_MS, collectGarbage } from './published-garbage.ts';
import {
  filesPrefix,
  type PublishedFile,
  type PublishedVersion,
  publishVersion,
  readNewest,
} from './published-version.ts';

const MAX_ATTEMPTS = 8;
const MAX_PAUSE_MS = 200;
/** Readers that began with the version before still look into its files. */
const LINGER_MS = 30_000;
const REMEMBER_MS = 60_000;
const UPLOADS_AT_ONCE = 4;

export class PublishedTable implements IndexTable {
  readonly name: string;
  readonly dimension: number | null;
  readonly #place: PublishedPlace;
  #newest: PublishedVersion | null = null;
  #confirmedAt: number | null = null;
  #rememberedAt = 0;
  #looking: Promise<PublishedVersion | null> | null = null;
  #lookingNext: Promise<PublishedVersion | null> | null = null;
  #opening: Promise<TableCopy> | null = null;
  #open: TableCopy | null = null;
  #draft: TableCopy | null = null;
  readonly #outdated: { copy: TableCopy; since: number }[] = [];
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(place: PublishedPlace, name: string, dimension: number | null) {
    this.name = name;
    this.dimension = dimension;
    this.#place = place;
  }

  async newest(): Promise<OpenVersion | null> {
    const copy = await this.#current();
    return copy === null ? null : copy.open();
  }

  /** Reads at the newest version; once more from fresh files where the first try fails. */
  async read<T>(work: (version: OpenVersion) => Promise<T>, absent: T): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      const copy = await this.#current();
      if (copy === null) return absent;
      copy.readers += 1;
      try {
        return await work(await copy.open());
      } catch (error) {
        if (attempt > 0) throw indexError(error, this.name);
        // Damaged on this machine perhaps: every file is compared with its hash before it is used again.
        this.#place.cache.distrust();
        if (this.#open === copy) this.#open = null;
        this.#outdated.push({ copy, since: Date.now() });
      } finally {
        copy.readers -= 1;
        await this.#tidy();
      }
    }
  }

  replaceDocuments(
    documents: readonly { documentId: string; chunks: readonly IndexedChunk[] }[],
  ): Promise<void> {
    return this.#write((draft) => draft.table.replaceDocuments(documents));
  }

  removeDocuments(documentIds: readonly string[]): Promise<void> {
    return this.#write((draft) => draft.table.removeDocuments(documentIds));
  }

  async optimize(): Promise<void> {
    await this.#write((draft) => draft.table.optimize());
    await this.#inTurn(async () => {
      await collectGarbage(this.#place.objects, this.name);
      await this.#place.cache.evict();
    });
  }

  drop(): Promise<void> {
    return this.#write(async () => 'drop');
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    const copies = [this.#open, this.#draft, ...this.#outdated.map(({ copy }) => copy)];
    this.#open = null;
    this.#draft = null;
    this.#outdated.length = 0;
    for (const copy of copies) await copy?.remove();
  }

  /** The newest version on this machine, or null where there is no table. */
  async #current(): Promise<TableCopy | null> {
    const version = await this.#lookUp();
    if (version === null || version.isDropped) return null;
    for (;;) {
      if (this.#open !== null && this.#open.version.sequence >= version.sequence) return this.#open;
      this.#opening ??= this.#switchTo(version).finally(() => {
        this.#opening = null;
      });
      await this.#opening;
    }
  }

  async #switchTo(version: PublishedVersion): Promise<TableCopy> {
    const copy = await TableCopy.create(this.#place, this.name, this.dimension, version);
    if (this.#open !== null) this.#outdated.push({ copy: this.#open, since: Date.now() });
    this.#open = copy;
    await this.#place.remember(this.name, version);
    return copy;
  }

  /** A look that has begun before the call may miss what was acknowledged before it; the next one does not. */
  #lookUp(): Promise<PublishedVersion | null> {
    if (this.#looking === null) {
      this.#looking = this.#lookNow().finally(() => {
        this.#looking = null;
      });
      return this.#looking;
    }
    this.#lookingNext ??= this.#looking
      .catch(() => null)
      .then(() => {
        this.#lookingNext = null;
        return this.#lookUp();
      });
    return this.#lookingNext;
  }

  async #lookNow(): Promise<PublishedVersion | null> {
    try {
      const found = await readNewest(this.#place.objects, this.name, this.#newest);
      this.#newest = found;
      await this.#confirm(found);
      return found;
    } catch (error) {
      return this.#answerFromCache(error);
    }
  }

  /** Now and then on the disk as well, for a start without the store. */
  async #confirm(found: PublishedVersion | null): Promise<void> {
    const before = this.#rememberedAt;
    this.#confirmedAt = Date.now();
    if (found === null || found !== this.#open?.version || this.#confirmedAt - before < REMEMBER_MS) return;
    this.#rememberedAt = this.#confirmedAt;
    await this.#place.remember(this.name, found);
  }

  /** While the place is away, this machine goes on for a while with what it has. */
  async #answerFromCache(error: unknown): Promise<PublishedVersion> {
    const isAway = error instanceof BudaoError && error.code !== 'index_corrupt';
    const remembered =
      this.#newest !== null && this.#confirmedAt !== null
        ? { version: this.#newest, confirmedAt: this.#confirmedAt }
        : await this.#place.recall(this.name);
    if (!isAway || remembered === null) throw indexError(error, this.name);
    const staleMs = Date.now() - remembered.confirmedAt;
    if (staleMs > this.#place.serveStaleMs) throw indexError(error, this.name);
    this.#place.onStale(this.name, staleMs);
    return remembered.version;
  }

  #write(work: (draft: TableCopy) => Promise<void | 'drop'>): Promise<void> {
    return this.#inTurn(async () => {
      for (let attempt = 1; ; attempt += 1) {
        const began = { wall: Date.now(), steady: performance.now() };
        const base = await readNewest(this.#place.objects, this.name, this.#newest).catch(
          (error: unknown) => {
            throw indexError(error, this.name);
          },
        );
        const draft = await this.#draftOf(base);
        try {
          const isDrop = (await work(draft)) === 'drop';
          const next = await this.#nextVersion(draft, base, isDrop);
          if (next === null) return;
          if (await this.#publish(next, began)) {
            draft.version = next;
            this.#newest = next;
            if (isDrop) await this.#discardDraft();
            return;
          }
        } catch (error) {
          await this.#discardDraft();
          throw indexError(error, this.name);
        }
        await this.#discardDraft();
        if (attempt === MAX_ATTEMPTS) throw indexError(new Error('commit conflict'), this.name);
        await sleep(Math.random() * MAX_PAUSE_MS);
      }
    });
  }

  /** Where the last version was written here, its draft is already what the next one starts from. */
  async #draftOf(base: PublishedVersion | null): Promise<TableCopy> {
    const version = base ?? { sequence: 0, token: '', isDropped: true, files: [] };
    if (this.#draft?.version.sequence === version.sequence) return this.#draft;
    await this.#discardDraft();
    this.#draft = await TableCopy.create(this.#place, this.name, this.dimension, version);
    return this.#draft;
  }

  async #discardDraft(): Promise<void> {
    const draft = this.#draft;
    this.#draft = null;
    await draft?.remove();
  }

  /** Uploads what is new. @returns null where nothing has changed */
  async #nextVersion(
    draft: TableCopy,
    base: PublishedVersion | null,
    isDrop: boolean,
  ): Promise<PublishedVersion | null> {
    const sequence = (base?.sequence ?? 0) + 1;
    if (isDrop) {
      if (base === null || base.isDropped) return null;
      return { sequence, token: randomUUID(), isDropped: true, files: [] };
    }
    const before = new Map((base?.files ?? []).map((file) => [file.path, file]));
    const files = await draft.listFiles(before);
    const added = files.filter((file) => before.get(file.path)?.sha256 !== file.sha256);
    if (added.length === 0 && files.length === before.size) return null;
    for (let start = 0; start < added.length; start += UPLOADS_AT_ONCE) {
      await Promise.all(added.slice(start, start + UPLOADS_AT_ONCE).map((file) => this.#upload(draft, file)));
    }
    return { sequence, token: randomUUID(), isDropped: false, files };
  }

  async #upload(draft: TableCopy, file: PublishedFile): Promise<void> {
    const source = path.join(draft.folder, file.path);
    await this.#place.objects.putFile(`${filesPrefix(this.name)}${file.sha256}`, source);
    await this.#place.cache.adopt(source, file.sha256);
  }

  /** @returns whether the version is in force */
  async #publish(version: PublishedVersion, began: { wall: number; steady: number }): Promise<boolean> {
    if (!(await publishVersion(this.#place.objects, this.name, version))) return false;
    const tookMs = Math.max(Date.now() - began.wall, performance.now() - began.steady);
    if (tookMs < ABANDONED_PUBLISH_MS) return true;
    // Frozen for so long, it may have been given a number whose first holder was tidied up meanwhile.
    return (await readNewest(this.#place.objects, this.name, null))?.token === version.token;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const before = this.#lastWrite;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastWrite = promise;
    await before;
    try {
      await work();
    } finally {
      resolve();
    }
  }

  async #tidy(): Promise<void> {
    for (const [index, { copy, since }] of [...this.#outdated.entries()].reverse()) {
      if (copy.readers > 0 || Date.now() - since < LINGER_MS) continue;
      this.#outdated.splice(index, 1);
      await copy.remove();
    }
  }
}
