/** Does in a shared folder what the stores do there, prints `ok` or what failed, and removes what it made. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from './durable-file.ts';

const folder = path.join(process.argv[2] ?? '', `.probe-${randomUUID()}`);
const at = (name: string) => path.join(folder, name);

const steps: [string, () => Promise<boolean>][] = [
  ['it is not there, or takes no new folders', async () => (await stat(path.dirname(folder))).isDirectory()],
  ['it takes no new folders; check owner and permissions', async () => (await mkdir(folder)) === undefined],
  ['files cannot be written and synced', () => writeDurably(at('a'), 'probe').then(() => true)],
  ['files come back changed', async () => (await readFile(at('a'), 'utf8')) === 'probe'],
  ['a rename does not replace a file', () => replaces(rename)],
  ['hard links are not supported; mount it by NFS version 4', () => replacesNothing()],
  ['its list is not consistent', async () => (await readdir(folder)).sort().join() === 'a,c'],
];

try {
  console.log((await firstFailure()) ?? 'ok');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function firstFailure(): Promise<string | null> {
  for (const [failure, step] of steps) {
    try {
      if (!(await step())) return `${failure}.`;
    } catch (error) {
      return `${failure} (${(error as NodeJS.ErrnoException).code}).`;
    }
  }
  return null;
}

async function replaces(move: (from: string, to: string) => Promise<void>): Promise<boolean> {
  await writeDurably(at('b'), 'newer');
  await move(at('b'), at('a'));
  return (await readFile(at('a'), 'utf8')) === 'newer';
}

async function replacesNothing(): Promise<boolean> {
  await link(at('a'), at('c'));
  const second = await link(at('a'), at('c')).catch((error: NodeJS.ErrnoException) => error.code);
  return second === 'EEXIST' && (await stat(at('a'))).nlink === 2;
}
