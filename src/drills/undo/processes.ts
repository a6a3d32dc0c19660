/** Which processes belong to a laboratory: they bear its mark in their environment, or work in its folder. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The variable that everything that a drill starts inherits. */
export const MARK_VARIABLE = 'BUDAO_DRILL';

export interface Belonging {
  mark: string;
  /** Some programs write their title over their environment; their working folder still tells. */
  folder: string;
}

export interface ProcessStat {
  pid: number;
  state: string;
  parent: number;
  group: number;
  /** In clock ticks since the machine started: tells a process from a later one with the same number. */
  startedTicks: number;
}

export function processesOf(belonging: Belonging): ProcessStat[] {
  return allPids().flatMap((pid) => {
    if (pid === process.pid) return [];
    const stat = statOf(pid);
    return stat !== null && stat.state !== 'Z' && belongs(pid, belonging) ? [stat] : [];
  });
}

/** Null when it has gone. */
export function statOf(pid: number): ProcessStat | null {
  const line = read(`/proc/${pid}/stat`);
  if (line === null) return null;
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startedTicks: Number(fields[19]),
  };
}

/** Alive, and still the one that was meant. */
export function isSame({ pid, startedTicks }: Pick<ProcessStat, 'pid' | 'startedTicks'>): boolean {
  const now = statOf(pid);
  return now !== null && now.state !== 'Z' && now.startedTicks === startedTicks;
}

export function commandLineOf(pid: number): string[] {
  return (read(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '');
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}

function belongs(pid: number, { mark, folder }: Belonging): boolean {
  const environment = read(`/proc/${pid}/environ`) ?? '';
  if (environment.split('\0').includes(`${MARK_VARIABLE}=${mark}`)) return true;
  const place = placeOf(pid);
  return place === folder || place.startsWith(`${folder}/`);
}

function placeOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '');
  } catch {
    return '';
  }
}

function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
