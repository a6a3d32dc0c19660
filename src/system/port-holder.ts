/** Who listens on a TCP port of this machine, as far as Linux lets this user know. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTENING = '0A';
const UNKNOWN = 'another program';

/** In words for a message: a name with its process, or no more than whose program it is. */
export function describePortHolder(port: number): string {
  const listeners = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listenersOn(port, table));
  for (const { inode } of listeners) {
    const pid = ownerOfSocket(inode);
    if (pid !== null) return `${nameOf(pid)} (process ${pid})`;
  }
  const [first] = listeners;
  return first === undefined ? UNKNOWN : `a program of the user with the number ${first.uid}`;
}

/** Columns as in proc(5): local address, state, …, uid, timeout, inode. */
function listenersOn(port: number, table: string): { inode: string; uid: string }[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readLines(table)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local?.endsWith(suffix) === true)
    .map((columns) => ({ uid: columns[7] ?? '', inode: columns[9] ?? '' }));
}

function ownerOfSocket(inode: string): number | null {
  const target = `socket:[${inode}]`;
  const pids = entriesOf('/proc').filter((name) => /^\d+$/.test(name));
  const owner = pids.find((pid) =>
    entriesOf(`/proc/${pid}/fd`).some((fd) => targetOf(`/proc/${pid}/fd/${fd}`) === target),
  );
  return owner === undefined ? null : Number(owner);
}

function nameOf(pid: number): string {
  return readLines(`/proc/${pid}/comm`)[0] || UNKNOWN;
}

/** What is another user's, or gone in the meantime, reads as empty. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function targetOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}
