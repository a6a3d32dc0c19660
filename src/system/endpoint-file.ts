import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../stores/files/durable-file.ts';
import type { DataFolder } from './data-folder.ts';

/** Where the service of a data folder listens, for tools on this machine. Left behind when the API process is killed. */
export async function rememberEndpoint(folder: DataFolder, url: string): Promise<void> {
  await writeDurably(pathIn(folder), `${JSON.stringify({ url })}\n`, 0o600);
}

export async function forgetEndpoint(folder: DataFolder): Promise<void> {
  await rm(pathIn(folder), { force: true });
}

/** Null where no service has started, or the last one was stopped. */
export async function readEndpoint(folder: DataFolder): Promise<string | null> {
  const text = await readFile(pathIn(folder), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const { url } = JSON.parse(text) as { url?: unknown };
    return typeof url === 'string' ? url : null;
  } catch {
    return null;
  }
}

function pathIn(folder: DataFolder): string {
  return join(folder.path, 'endpoint.json');
}
