import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';

/** What editors and file managers leave behind. */
const LITTER = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;

export interface LocalFile {
  path: string;
  filename: string;
  bytes: number;
}

/** The files of all paths; folders with everything below them, without hidden files. Each file comes once. */
export async function collectFiles(paths: readonly string[], messages: Messages): Promise<LocalFile[]> {
  const found = new Map<string, LocalFile>();
  for (const path of paths) {
    const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw unreadable(path, error, messages);
    });
    for (const file of entry.isDirectory() ? await filesBelow(path, messages) : [path]) {
      const { size, isFile } = await describe(file, messages);
      // Devices and pipes have no end; they are not documents.
      if (!isFile) continue;
      found.set(await realpath(file), { path: file, filename: basename(file), bytes: size });
    }
  }
  return [...found.values()];
}

async function filesBelow(folder: string, messages: Messages): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw unreadable(folder, error, messages);
    },
  );
  return entries
    .filter((entry) => entry.isFile() && !LITTER.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/(^|\/)\.[^./]/.test(relative(folder, path)))
    .sort();
}

async function describe(path: string, messages: Messages): Promise<{ size: number; isFile: boolean }> {
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error, messages);
  });
  return { size: entry.size, isFile: entry.isFile() };
}

export function unreadable(path: string, error: NodeJS.ErrnoException, messages: Messages): CliError {
  return new CliError(
    EXIT.usage,
    'path_unreadable',
    messages.errors.pathUnreadable(path, error.code ?? error.message),
    { hint: messages.hints.checkPath, cause: error },
  );
}
