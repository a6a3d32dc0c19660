/** Versions of a table that all machines see: a number that only rises, and the files that belong to it. */
import { z } from 'zod';
import { indexCorrupt } from './lancedb-errors.ts';
import type { ObjectStore } from './object-store.ts';

/** Keys count down from here, so that the newest version is the first of a list. */
const COUNT_FROM = 10 ** 15;

const PublishedFile = z.object({
  /** Within the table's folder. */
  path: z.string().regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\]+$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0),
});
export type PublishedFile = z.infer<typeof PublishedFile>;

const PublishedVersion = z.object({
  sequence: z.int().min(1),
  /** Different for each writer's try, so that two of them are never taken for one. */
  token: z.string().min(1),
  isDropped: z.boolean(),
  files: z.array(PublishedFile),
});
export type PublishedVersion = z.infer<typeof PublishedVersion>;

export function versionsPrefix(table: string): string {
  return `${table}/versions/`;
}

export function filesPrefix(table: string): string {
  return `${table}/files/`;
}

function versionKey(table: string, sequence: number): string {
  return `${versionsPrefix(table)}${String(COUNT_FROM - sequence).padStart(16, '0')}.json`;
}

function sequenceOf(key: string): number {
  return COUNT_FROM - Number(key.slice(key.lastIndexOf('/') + 1, -'.json'.length));
}

/** Zero where there is none. */
export async function newestSequence(objects: ObjectStore, table: string): Promise<number> {
  const [first] = await Array.fromAsync(objects.list(versionsPrefix(table), 1));
  return first === undefined ? 0 : sequenceOf(first.key);
}

/** One list, and one more request where it is another version than the one that is known. */
export async function readNewest(
  objects: ObjectStore,
  table: string,
  known: PublishedVersion | null,
): Promise<PublishedVersion | null> {
  const [first] = await Array.fromAsync(objects.list(versionsPrefix(table), 1));
  if (first === undefined) return null;
  if (known !== null && sequenceOf(first.key) === known.sequence) return known;
  const body = await objects.get(first.key);
  // Only what is long outdated is ever removed, so that it is gone with the whole index, or damaged.
  if (body === null) throw indexCorrupt(table);
  return parseVersion(table, body.toString('utf8'));
}

/** @returns whether it is in force; otherwise another writer was faster */
export function publishVersion(
  objects: ObjectStore,
  table: string,
  version: PublishedVersion,
): Promise<boolean> {
  return objects.putIfAbsent(versionKey(table, version.sequence), Buffer.from(JSON.stringify(version)));
}

/** @throws BudaoError index_corrupt */
export function parseVersion(table: string, text: string): PublishedVersion {
  try {
    return PublishedVersion.parse(JSON.parse(text));
  } catch (error) {
    throw indexCorrupt(table, error);
  }
}
