import { execFile } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from './durable-file.ts';

/**
 * Makes a whole tree durable. The file system does it in one go where it is asked by its own tool; otherwise each file
 * is asked for.
 */
export async function syncEverythingIn(folder: string): Promise<void> {
  try {
    await promisify(execFile)('sync', ['--file-system', folder]);
  } catch {
    await syncEach(folder);
  }
}

async function syncEach(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await syncEach(path);
      continue;
    }
    await using file = await open(path, 'r');
    await file.sync();
  }
  await syncFolder(folder);
}
