import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../stores/files/durable-file.ts';
import type { DataFolder } from './data-folder.ts';
import { isAlive } from './process-table.ts';

const DEFAULT_HTTP_PORT = 80;

/** Where the service of a data folder listens, for tools on this machine. Left behind when the API process is killed. */
export async function rememberEndpoint(folder: DataFolder, url: string): Promise<void> {
  await writeDurably(pathIn(folder), `${JSON.stringify({ url, pid: process.pid })}\n`, 0o600);
}

export async function forgetEndpoint(folder: DataFolder): Promise<void> {
  await rm(pathIn(folder), { force: true });
}

/**
 * Null while no API process listens there: another program may have the port by now, and would be handed the key of
 * whoever asks.
 */
export async function readEndpoint(folder: DataFolder): Promise<string | null> {
  const last = await readLastEndpoint(folder);
  return last !== null && (last.pid === null || isAlive(last.pid)) ? last.url : null;
}

/** Whether the service was listening there when it last ran, and nobody has stopped it since. */
export async function wasListeningOn(folder: DataFolder, port: number): Promise<boolean> {
  const last = await readLastEndpoint(folder);
  if (last === null) return false;
  return Number(new URL(last.url).port || DEFAULT_HTTP_PORT) === port;
}

async function readLastEndpoint(folder: DataFolder): Promise<{ url: string; pid: number | null } | null> {
  const text = await readFile(pathIn(folder), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const { url, pid } = JSON.parse(text) as { url?: unknown; pid?: unknown };
    if (typeof url !== 'string' || !URL.canParse(url)) return null;
    return { url, pid: typeof pid === 'number' ? pid : null };
  } catch {
    return null;
  }
}

function pathIn(folder: DataFolder): string {
  return join(folder.path, 'endpoint.json');
}
