/** Who holds a lock, said so that a process on the same machine can tell at once that the holder is gone. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface LockHolder {
  host: string;
  pid: number;
  since: string;
  /** One start of one machine, and what its processes number: null where that cannot be told. */
  place: string | null;
  /** When the process started, in ticks of that machine; a number that is given out again has another one. */
  started: string | null;
}

export function thisProcess(): LockHolder {
  return {
    host: hostname(),
    pid: process.pid,
    since: new Date().toISOString(),
    place: placeOfProcesses(),
    started: startOf(process.pid),
  };
}

/** False where nothing is known: then only watching tells. */
export function isGone(lock: string): boolean {
  const holder = parse(lock);
  if (holder === null || holder.place === null || holder.place !== placeOfProcesses()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const started = startOf(holder.pid);
  return started !== null && holder.started !== null && started !== holder.started;
}

function parse(lock: string): LockHolder | null {
  try {
    const { place, pid, started, host, since } = JSON.parse(lock) as Partial<LockHolder>;
    if (typeof place !== 'string' || typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0)
      return null;
    return { host: host ?? '', since: since ?? '', pid, place, started: started ?? null };
  } catch {
    return null;
  }
}

/** Containers of one machine number their processes each for themselves. */
function placeOfProcesses(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const numbering = readlinkSync('/proc/self/ns/pid');
    return createHash('sha256').update(`${boot} ${numbering}`).digest('hex').slice(0, 16);
  } catch {
    return null;
  }
}

function startOf(pid: number): string | null {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in brackets, which may hold anything; the 22nd field of all.
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
