/** What LanceDB leaves to its caller: syncing its files, and telling a torn manifest from a whole one. */
import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

const VERSIONS = '_versions';
/** A manifest ends in the position of its message (8 bytes), the format version (4) and these four bytes. */
const MAGIC = 'LANC';
const FOOTER_BYTES = 16;
/** Names count down from here, so that the newest manifest sorts first. */
const MAX_VERSION = 2n ** 64n - 1n;

/** Folders that begin so are tables in the making or on their way out; a killed process leaves them behind. */
export const DRAFT_PREFIX = 'draft-';
const ABANDONED_AFTER_MS = 60 * 60_000;

export interface Manifest {
  file: string;
  version: bigint;
}

/** Manifests of a table, newest first; empty where the table does not exist. */
export async function listManifests(tableFolder: string): Promise<Manifest[]> {
  const names = await readdir(path.join(tableFolder, VERSIONS)).catch(ignoreMissing);
  return (names ?? [])
    .filter((name) => /^\d+\.manifest$/.test(name))
    .map((name) => ({ file: path.join(tableFolder, VERSIONS, name), version: versionOf(name) }))
    .sort((a, b) => (a.version > b.version ? -1 : 1));
}

/** Changes whenever the newest version of the table does; null where there is no table. Costs one list and one stat. */
export async function versionKey(tableFolder: string): Promise<string | null> {
  const names = await readdir(path.join(tableFolder, VERSIONS)).catch(ignoreMissing);
  let newest: string | null = null;
  for (const name of names ?? []) {
    if (!name.endsWith('.manifest')) continue;
    if (newest === null || versionOf(name) > versionOf(newest)) newest = name;
  }
  if (newest === null) return null;
  const stats = await stat(path.join(tableFolder, VERSIONS, newest)).catch(ignoreMissing);
  // A dropped table that is made again counts from 1 again: inode and time tell the two apart.
  return stats === undefined ? null : `${newest}:${stats.ino}:${stats.mtimeMs}`;
}

/**
 * Removes newest manifests that a power cut has torn, so that the version before them is in force again.
 * @returns 'whole' (also after a repair), 'absent' without any manifest, 'torn' where no whole one is left.
 */
export async function dropTornManifests(tableFolder: string): Promise<'whole' | 'absent' | 'torn'> {
  const manifests = await listManifests(tableFolder);
  if (manifests.length === 0) return 'absent';
  const whole = await firstIndex(manifests, (manifest) => isWhole(manifest.file));
  if (whole === -1) return 'torn';
  for (const manifest of manifests.slice(0, whole)) await rm(manifest.file, { force: true });
  if (whole > 0) {
    // The hint may name the version that has just gone.
    await rm(path.join(tableFolder, VERSIONS, 'latest_version_hint.json'), { force: true });
    await syncPath(path.join(tableFolder, VERSIONS));
  }
  return 'whole';
}

/** Syncs every file and folder of the table that is not in `synced`, and adds it there. */
export async function syncNewFiles(tableFolder: string, synced: Set<string>): Promise<void> {
  const entries = await readdir(tableFolder, { recursive: true, withFileTypes: true });
  const changedFolders = new Set<string>();
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    // The hint is rewritten in place of its old self, all other files are written once.
    if (synced.has(file) && entry.name !== 'latest_version_hint.json') continue;
    changedFolders.add(entry.parentPath);
    if (entry.isFile() && !entry.name.includes('.tmp')) await syncPath(file);
    if (entry.isDirectory()) changedFolders.add(file);
    synced.add(file);
  }
  for (const folder of changedFolders) await syncPath(folder);
  if (!synced.has(tableFolder)) await syncPath(path.dirname(tableFolder));
  synced.add(tableFolder);
}

/** Moves a finished table to where it belongs, unless another one is there; then that one stays. */
export async function moveIntoPlace(draftFolder: string, tableFolder: string): Promise<void> {
  for (;;) {
    try {
      await rename(draftFolder, tableFolder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
    if ((await versionKey(tableFolder)) !== null) {
      await rm(draftFolder, { recursive: true, force: true });
      return;
    }
    // Without a manifest it is the remains of a table, not a table.
    await discard(tableFolder);
  }
}

/** Takes a table away in one step, then removes its files. */
export async function discard(tableFolder: string): Promise<void> {
  const away = path.join(path.dirname(tableFolder), `${DRAFT_PREFIX}${randomUUID()}`);
  await rename(tableFolder, away).catch(ignoreMissing);
  await syncPath(path.dirname(tableFolder));
  await rm(away, { recursive: true, force: true });
}

/** Removes what killed processes left behind long ago. */
export async function sweepDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    const folder = path.join(directory, name);
    const stats = await stat(folder).catch(ignoreMissing);
    if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Syncs a file or folder; one that has gone in the meantime needs no syncing. */
async function syncPath(target: string): Promise<void> {
  const handle = await open(target, 'r').catch(ignoreMissing);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isWhole(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(ignoreMissing);
  if (handle === undefined) return false;
  try {
    const { size } = await handle.stat();
    if (size < FOOTER_BYTES) return false;
    const footer = Buffer.alloc(FOOTER_BYTES);
    await handle.read(footer, 0, FOOTER_BYTES, size - FOOTER_BYTES);
    return (
      footer.toString('latin1', FOOTER_BYTES - MAGIC.length) === MAGIC &&
      footer.readBigUInt64LE(0) < BigInt(size)
    );
  } finally {
    await handle.close();
  }
}

function versionOf(name: string): bigint {
  const number = BigInt(name.slice(0, -'.manifest'.length));
  return name.length > 25 ? MAX_VERSION - number : number;
}

async function firstIndex<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<number> {
  for (const [index, item] of items.entries()) if (await test(item)) return index;
  return -1;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
