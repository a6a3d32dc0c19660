/** Where a hub listens: at its path or, where that is too long for a socket, in a private folder that a link names. */
import { lstatSync, readlinkSync } from 'node:fs';
import { mkdtemp, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Unix sockets have paths of at most 107 bytes. */
const MAX_SOCKET_PATH_BYTES = 100;
const FOLDER_PREFIX = 'budao-hub-';
const SOCKET_NAME = 'hub.sock';
const SHORT_FOLDER = '/tmp';
const OPEN_TO_OTHERS = 0o077;

/**
 * Takes the place of whatever a dead hub left behind.
 *
 * @returns the path to listen at
 */
export async function takeSocketPlace(path: string): Promise<string> {
  await leaveSocketPlace(path);
  if (fits(path)) return path;
  // Made anew under a name that nobody could guess, for its owner alone: nobody can have put anything there.
  const folder = await mkdtemp(join(fits(inFolder(tmpdir())) ? tmpdir() : SHORT_FOLDER, FOLDER_PREFIX));
  const socket = join(folder, SOCKET_NAME);
  try {
    await symlink(socket, path);
  } catch (error) {
    await rmdir(folder);
    throw error;
  }
  return socket;
}

export async function leaveSocketPlace(path: string): Promise<void> {
  const target = await readlink(path).catch(() => null);
  if (target !== null && basename(dirname(target)).startsWith(FOLDER_PREFIX) && isPrivate(dirname(target))) {
    await rm(target, { force: true });
    await rmdir(dirname(target)).catch(() => {});
  }
  await rm(path, { force: true });
}

/**
 * The path to connect to.
 *
 * @throws Error when the folder that the link names is not this user's alone: anybody may wait there
 */
export function findSocket(path: string): string {
  const target = targetOf(path);
  if (target === null) return path;
  if (!isPrivate(dirname(target))) throw new Error(`${dirname(target)} is not a private folder of this user`);
  return target;
}

function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function isPrivate(folder: string): boolean {
  try {
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & OPEN_TO_OTHERS) === 0;
  } catch {
    return false;
  }
}

/** Six characters come after the prefix. */
function inFolder(folder: string): string {
  return join(folder, `${FOLDER_PREFIX}xxxxxx`, SOCKET_NAME);
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}
