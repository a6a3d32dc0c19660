import { execFile } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from './durable-file.ts';

/** Below it, to ask for each file is quicker than to wait for everything that others have written to the disk. */
const MANY_FILES = 2_000;
const FILES_AT_ONCE = 16;

/**
 * Makes a whole tree durable. Where it is large, the file system does it in one go when its own tool asks for it;
 * otherwise, or without that tool, each file is asked for.
 */
export async function syncEverythingIn(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const pathOf = (entry: (typeof entries)[number]): string => join(entry.parentPath, entry.name);
  const files = entries.filter((entry) => entry.isFile()).map(pathOf);
  if (files.length > MANY_FILES && (await syncFileSystem(folder))) return;
  for (let at = 0; at < files.length; at += FILES_AT_ONCE)
    await Promise.all(files.slice(at, at + FILES_AT_ONCE).map(syncFile));
  for (const entry of entries.filter((one) => one.isDirectory())) await syncFolder(pathOf(entry));
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

async function syncFileSystem(folder: string): Promise<boolean> {
  return promisify(execFile)('sync', ['--file-system', folder]).then(
    () => true,
    () => false,
  );
}
