/** One table of an index that lives in a bucket or in a shared folder, read from a copy on this machine. */
import { BudaoError } from '../../contract/errors.ts';
import type { IndexedChunk } from '../../knowledge/ports.ts';
import type { IndexTable } from './index-table.ts';
import { indexError } from './lancedb-errors.ts';
import type { OpenVersion } from './lancedb-table.ts';
import { type PublishedPlace, TableCopy } from './published-copy.ts';
import { type PublishedVersion, readNewest } from './published-version.ts';
import { PublishedWriter } from './published-writer.ts';

/** Readers that began with the version before still look into its files. */
const LINGER_MS = 30_000;
const REMEMBER_MS = 60_000;

export class PublishedTable implements IndexTable {
  readonly name: string;
  readonly dimension: number | null;
  readonly #place: PublishedPlace;
  readonly #writer: PublishedWriter;
  #newest: PublishedVersion | null = null;
  #confirmedAt: number | null = null;
  #rememberedAt = 0;
  #looking: Promise<PublishedVersion | null> | null = null;
  #lookingNext: Promise<PublishedVersion | null> | null = null;
  #opening: Promise<void> | null = null;
  #open: TableCopy | null = null;
  #outdated: { copy: TableCopy; since: number }[] = [];

  constructor(place: PublishedPlace, name: string, dimension: number | null) {
    this.name = name;
    this.dimension = dimension;
    this.#place = place;
    this.#writer = new PublishedWriter(place, name, dimension);
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
        this.#retire(copy);
      } finally {
        copy.readers -= 1;
        await this.#tidy();
      }
    }
  }

  replaceDocuments(
    documents: readonly { documentId: string; chunks: readonly IndexedChunk[] }[],
  ): Promise<void> {
    return this.#writer.write((table) => table.replaceDocuments(documents));
  }

  removeDocuments(documentIds: readonly string[]): Promise<void> {
    return this.#writer.write((table) => table.removeDocuments(documentIds));
  }

  async optimize(): Promise<void> {
    await this.#writer.write((table) => table.optimize());
    await this.#writer.collectGarbage();
  }

  drop(): Promise<void> {
    return this.#writer.drop();
  }

  async close(): Promise<void> {
    await this.#writer.close();
    const copies = [this.#open, ...this.#outdated.map(({ copy }) => copy)];
    this.#open = null;
    this.#outdated = [];
    for (const copy of copies) await copy?.remove();
  }

  /** The newest version on this machine, or null where there is no table. */
  async #current(): Promise<TableCopy | null> {
    const version = await this.#lookUp();
    if (version === null || version.isDropped) return null;
    while (this.#open === null || this.#open.version.sequence < version.sequence) {
      this.#opening ??= this.#switchTo(version).finally(() => {
        this.#opening = null;
      });
      await this.#opening;
    }
    return this.#open;
  }

  async #switchTo(version: PublishedVersion): Promise<void> {
    const copy = await TableCopy.create(this.#place, this.name, this.dimension, version);
    if (this.#open !== null) this.#retire(this.#open);
    this.#open = copy;
    await this.#place.remember(this.name, version);
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
      this.#newest = await readNewest(this.#place.objects, this.name, this.#newest);
      await this.#confirm(this.#newest);
      return this.#newest;
    } catch (error) {
      return this.#answerFromCache(error);
    }
  }

  /** Now and then on the disk as well, for a start without the store. */
  async #confirm(found: PublishedVersion | null): Promise<void> {
    this.#confirmedAt = Date.now();
    if (found?.token !== this.#open?.version.token || found === null) return;
    if (this.#confirmedAt - this.#rememberedAt < REMEMBER_MS) return;
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
    if (staleMs >= this.#place.serveStaleMs) throw error;
    this.#place.onStale(this.name, staleMs);
    // What is open here may be newer than what this machine has on record.
    return this.#open?.version ?? remembered.version;
  }

  #retire(copy: TableCopy): void {
    if (this.#open === copy) this.#open = null;
    if (this.#outdated.some((one) => one.copy === copy)) return;
    this.#outdated.push({ copy, since: Date.now() });
  }

  async #tidy(): Promise<void> {
    const isDone = ({ copy, since }: { copy: TableCopy; since: number }) =>
      copy.readers === 0 && Date.now() - since >= LINGER_MS;
    const done = this.#outdated.filter(isDone);
    this.#outdated = this.#outdated.filter((one) => !done.includes(one));
    for (const { copy } of done) await copy.remove();
  }
}
