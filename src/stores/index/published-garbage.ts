/** Removes what no version in use names any more. The newest stays, even one that only says that the table was dropped: numbers never begin again. */
import type { ObjectStore } from './object-store.ts';
import { filesPrefix, parseVersion, versionsPrefix } from './published-version.ts';

/** A writer that took longer between its look and its publication does not trust the outcome. */
export const ABANDONED_PUBLISH_MS = 15 * 60_000;
/** Several times that, so that no number is given a second time to a writer that trusts it. */
const KEEP_VERSIONS_MS = 60 * 60_000;
/** A file that is not named yet may be one of a version that is about to be published. */
const KEEP_FILES_MS = 24 * 60 * 60_000;

/** @returns how many objects were removed */
export async function collectGarbage(objects: ObjectStore, table: string): Promise<number> {
  const versions = await Array.fromAsync(objects.list(versionsPrefix(table)));
  const newest = versions[0];
  if (newest === undefined) return 0;
  const isKept = (version: { key: string; ageMs: number }) =>
    version.key === newest.key || version.ageMs < KEEP_VERSIONS_MS;
  const named = new Set<string>();
  for (const { key } of versions.filter(isKept)) {
    const body = await objects.get(key);
    if (body === null) continue;
    for (const { sha256 } of parseVersion(table, body.toString('utf8')).files) named.add(sha256);
  }
  let removed = 0;
  for (const { key } of versions.filter((version) => !isKept(version))) {
    await objects.delete(key);
    removed += 1;
  }
  for await (const { key, ageMs } of objects.list(filesPrefix(table))) {
    if (ageMs < KEEP_FILES_MS || named.has(key.slice(key.lastIndexOf('/') + 1))) continue;
    await objects.delete(key);
    removed += 1;
  }
  return removed;
}
