/** One drill at a time in a work folder: two would measure each other. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { isSame, statOf } from '../undo/processes.ts';

const LOCK_FILE = 'lock.json';

interface Holder {
  pid: number;
  startedTicks: number;
  drillId: string;
}

export class DrillLock implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws BudaoError drill_in_progress */
  static acquire(workDir: string, drillId: string): DrillLock {
    const path = join(workDir, LOCK_FILE);
    const own: Holder = { pid: process.pid, startedTicks: statOf(process.pid)?.startedTicks ?? 0, drillId };
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(own), { mode: 0o600 });
    try {
      for (;;) {
        if (tryLink(temporary, path)) return new DrillLock(path);
        const holder = readHolder(path);
        if (holder !== null && isSame(holder)) throw inProgress(holder);
        rmSync(path, { force: true });
      }
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true });
  }
}

/** Who is at it now; null for nobody. */
export function drillUnderWay(workDir: string): Holder | null {
  const holder = readHolder(join(workDir, LOCK_FILE));
  return holder !== null && isSame(holder) ? holder : null;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function inProgress({ drillId, pid }: Holder): BudaoError {
  return new BudaoError(
    'conflict',
    'drill_in_progress',
    `The drill ${drillId} is under way (process ${pid}): two at once would measure each other. ` +
      'Wait for its end, break it off with `budao drill abort`, or name another folder with --work-dir.',
  );
}
