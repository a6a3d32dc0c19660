import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/**
 * CPU time that a process and everything below it have used so far, in ms, with what already ended: a server such as
 * PostgreSQL starts and ends a process for each session and for each round of its housekeeping.
 */
export function treeCpuMs(rootPid: number): number {
  const stats = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(name);
    // Of itself and of the children that it has waited for, each in user and in system time.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    stats.set(Number(name), { parent: Number(fields[1]), ticks });
  }
  const tree = [rootPid];
  for (const pid of tree) for (const [child, { parent }] of stats) if (parent === pid) tree.push(child);
  const ticks = tree.reduce((sum, pid) => sum + (stats.get(pid)?.ticks ?? 0), 0);
  return (ticks / TICKS_PER_SECOND) * 1_000;
}

/** From the state on; nothing when the process has gone meanwhile. */
function statFields(pid: string): string[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
