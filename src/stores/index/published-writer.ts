/**
 * Writes one table of an index that lives in a bucket or in a shared folder: changes a copy on this machine, uploads the
 * new files under their SHA-256, and publishes the list of all files as the next version, on condition that there is
 * none of that number yet. Of two writers the slower one starts again from what the faster one has published.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { indexError } from './lancedb-errors.ts';
import type { LanceDbTable } from './lancedb-table.ts';
import { type PublishedPlace, TableCopy } from './published-copy.ts';
import { ABANDONED_PUBLISH_MS, collectGarbage } from './published-garbage.ts';
import {
  filesPrefix,
  newestSequence,
  type PublishedFile,
  type PublishedVersion,
  publishVersion,
  readNewest,
} from './published-version.ts';
import { WriteTurns } from './write-turns.ts';

const MAX_ATTEMPTS = 8;
const MAX_PAUSE_MS = 200;
const UPLOADS_AT_ONCE = 4;
const NOTHING: PublishedVersion = { sequence: 0, token: '', isDropped: true, files: [] };

export class PublishedWriter {
  readonly #place: PublishedPlace;
  readonly #name: string;
  readonly #dimension: number | null;
  /** What the last version was written in, and the next one starts from. */
  #draft: TableCopy | null = null;
  readonly #turns = new WriteTurns();

  constructor(place: PublishedPlace, name: string, dimension: number | null) {
    this.#place = place;
    this.#name = name;
    this.#dimension = dimension;
  }

  /** The work may be done again from the start. */
  write(work: (table: LanceDbTable) => Promise<void>): Promise<void> {
    return this.#untilInForce(async () => {
      const { objects } = this.#place;
      const base = (await readNewest(objects, this.#name, this.#draft?.version ?? null)) ?? NOTHING;
      const draft = await this.#draftOf(base);
      await work(draft.table);
      const next = await this.#nextVersion(draft, base);
      if (next !== null) draft.version = next;
      return next;
    });
  }

  /** Does not need the files that go, so that it works where they are damaged. */
  drop(): Promise<void> {
    return this.#untilInForce(async () => {
      const { objects } = this.#place;
      const sequence = await newestSequence(objects, this.#name);
      const newest = await readNewest(objects, this.#name, null).catch((error: unknown) => {
        if (error instanceof BudaoError && error.code === 'index_corrupt') return null;
        throw error;
      });
      await this.#discardDraft();
      if (sequence === 0 || newest?.isDropped === true) return null;
      return { ...NOTHING, sequence: sequence + 1, token: randomUUID() };
    });
  }

  async collectGarbage(): Promise<void> {
    await this.#turns.take(async () => {
      await collectGarbage(this.#place.objects, this.#name);
      await this.#place.cache.evict();
    });
  }

  async close(): Promise<void> {
    await this.#turns.settled();
    await this.#discardDraft();
  }

  /** @param prepare makes the next version, or null where nothing has to change */
  #untilInForce(prepare: () => Promise<PublishedVersion | null>): Promise<void> {
    return this.#turns.take(async () => {
      for (let attempt = 1; ; attempt += 1) {
        const began = { wall: Date.now(), steady: performance.now() };
        try {
          const next = await prepare();
          if (next === null || (await this.#publish(next, began))) return;
        } catch (error) {
          // It holds what nobody has been told of.
          await this.#discardDraft();
          throw indexError(error, this.#name);
        }
        await this.#discardDraft();
        if (attempt === MAX_ATTEMPTS) throw indexError(new Error('commit conflict'), this.#name);
        await sleep(Math.random() * MAX_PAUSE_MS);
      }
    });
  }

  async #draftOf(base: PublishedVersion): Promise<TableCopy> {
    if (this.#draft?.version.token === base.token) return this.#draft;
    await this.#discardDraft();
    this.#draft = await TableCopy.create(this.#place, this.#name, this.#dimension, base);
    return this.#draft;
  }

  async #discardDraft(): Promise<void> {
    const draft = this.#draft;
    this.#draft = null;
    await draft?.remove();
  }

  /** Uploads what is new. @returns null where nothing has changed */
  async #nextVersion(draft: TableCopy, base: PublishedVersion): Promise<PublishedVersion | null> {
    const before = new Map(base.files.map((file) => [file.path, file]));
    const files = await draft.listFiles(before);
    const added = files.filter((file) => before.get(file.path)?.sha256 !== file.sha256);
    if (added.length === 0 && files.length === before.size) return null;
    for (let start = 0; start < added.length; start += UPLOADS_AT_ONCE) {
      await Promise.all(added.slice(start, start + UPLOADS_AT_ONCE).map((file) => this.#upload(draft, file)));
    }
    return { sequence: base.sequence + 1, token: randomUUID(), isDropped: false, files };
  }

  async #upload(draft: TableCopy, file: PublishedFile): Promise<void> {
    const source = path.join(draft.folder, file.path);
    await this.#place.objects.putFile(`${filesPrefix(this.#name)}${file.sha256}`, source);
    await this.#place.cache.adopt(source, file.sha256);
  }

  /** @returns whether the version is in force */
  async #publish(version: PublishedVersion, began: { wall: number; steady: number }): Promise<boolean> {
    if (!(await publishVersion(this.#place.objects, this.#name, version))) return false;
    const tookMs = Math.max(Date.now() - began.wall, performance.now() - began.steady);
    if (tookMs < ABANDONED_PUBLISH_MS) return true;
    // Frozen for so long, it may have been given a number whose first holder was tidied up meanwhile.
    return (await readNewest(this.#place.objects, this.#name, null))?.token === version.token;
  }
}
