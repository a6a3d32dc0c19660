/** What this machine has for faults and laboratories, and what to do where something is missing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const REQUIREMENTS = [
  'linux',
  'root',
  'namespaces',
  'nftables',
  'mounts',
  'postgres',
  'redis',
  'faketime',
  'memory-groups',
  'prlimit',
  'openssl',
] as const;
export type Requirement = (typeof REQUIREMENTS)[number];

const POSTGRES_FOLDER = '/usr/lib/postgresql';
const FAKETIME_FOLDERS = ['/usr/lib', '/usr/local/lib', '/lib'];
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** @returns what is missing and what to do, or null */
export function missing(requirement: Requirement): string | null {
  if (process.platform !== 'linux') return 'the laboratory needs Linux';
  switch (requirement) {
    case 'linux':
      return null;
    case 'root':
    case 'mounts':
      return isRoot() ? null : 'only root may do this: run the drill as root';
    case 'namespaces':
      if (!isRoot()) return 'only root makes networks: run the drill as root';
      return findProgram('ip') === null ? 'the program ip is missing: apt-get install iproute2' : null;
    case 'nftables':
      return findProgram('nft') === null ? 'the program nft is missing: apt-get install nftables' : null;
    case 'postgres':
      return postgresBinaries() === null ? 'PostgreSQL is missing: apt-get install postgresql' : null;
    case 'redis':
      return redisProgram() === null ? 'Redis is missing: apt-get install redis-server' : null;
    case 'faketime':
      return faketimeLibrary() === null ? 'libfaketime is missing: apt-get install faketime' : null;
    case 'memory-groups':
      return isRoot() && memoryGroups() !== null
        ? null
        : 'memory control groups are not there, or not for this user';
    case 'prlimit':
      return findProgram('prlimit') === null
        ? 'the program prlimit is missing: apt-get install util-linux'
        : null;
    case 'openssl':
      return findProgram('openssl') === null
        ? 'the program openssl is missing: apt-get install openssl'
        : null;
  }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

export function findProgram(name: string): string | null {
  const found = SYSTEM_FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return found ?? null;
}

/** Of the newest that the system has. */
export function postgresBinaries(): string | null {
  if (!existsSync(POSTGRES_FOLDER)) return null;
  const versions = readdirSync(POSTGRES_FOLDER).map(Number).filter(Number.isFinite);
  return versions.length === 0 ? null : join(POSTGRES_FOLDER, String(Math.max(...versions)), 'bin');
}

export function redisProgram(): string | null {
  return findProgram('redis-server') ?? findProgram('valkey-server');
}

export function faketimeLibrary(): string | null {
  for (const folder of FAKETIME_FOLDERS) {
    if (!existsSync(folder)) continue;
    for (const place of ['.', ...readdirSync(folder).filter((name) => name.includes('linux-gnu'))]) {
      const path = join(folder, place, 'faketime', 'libfaketimeMT.so.1');
      if (existsSync(path)) return path;
    }
  }
  return null;
}

/** Where groups with a limit of memory are made: of the first or of the second version. */
export function memoryGroups(): { folder: string; limitFile: string } | null {
  const first = '/sys/fs/cgroup/memory';
  if (existsSync(join(first, 'memory.limit_in_bytes')))
    return { folder: first, limitFile: 'memory.limit_in_bytes' };
  const controllers = '/sys/fs/cgroup/cgroup.controllers';
  if (!existsSync(controllers)) return null;
  const known = readFileSync(controllers, 'utf8');
  return known.split(/\s+/).includes('memory') ? { folder: '/sys/fs/cgroup', limitFile: 'memory.max' } : null;
}
