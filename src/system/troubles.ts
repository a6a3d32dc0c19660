/** What keeps a role from running though it is tried again and again: for the log, and for `budao status`. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { writeDurably } from '../stores/files/durable-file.ts';
import type { DataFolder } from './data-folder.ts';
import type { ProcessRole } from './process-table.ts';

const REMINDER_INTERVAL_MS = 60_000;

export interface Trouble {
  role: ProcessRole;
  message: string;
  /** Milliseconds since 1970, by the wall clock. */
  since: number;
}

interface Noted extends Trouble {
  startedMs: number;
  loggedMs: number;
}

/** Kept by the supervisor, in a file, because the ledger's own processes may be what is in trouble. */
export class Troubles {
  readonly #folder: DataFolder;
  readonly #supervisorId: string;
  readonly #log: Logger;
  readonly #noted = new Map<ProcessRole, Noted>();
  #written: Promise<void> = Promise.resolve();

  constructor(folder: DataFolder, supervisorId: string, log: Logger) {
    this.#folder = folder;
    this.#supervisorId = supervisorId;
    this.#log = log;
  }

  note(role: ProcessRole, message: string): void {
    const nowMs = performance.now();
    const known = this.#noted.get(role);
    const isNews = known?.message !== message;
    const isDue = known === undefined || isNews || nowMs - known.loggedMs >= REMINDER_INTERVAL_MS;
    if (isDue) this.#log.error({ child: role }, `${message} Trying again until it works.`);
    this.#noted.set(role, {
      role,
      message,
      since: known?.since ?? Date.now(),
      startedMs: known?.startedMs ?? nowMs,
      loggedMs: isDue ? nowMs : known.loggedMs,
    });
    if (isNews) this.#write();
  }

  over(role: ProcessRole): void {
    const known = this.#noted.get(role);
    if (known === undefined) return;
    this.#noted.delete(role);
    const afterMs = Math.round(performance.now() - known.startedMs);
    this.#log.warn({ child: role, afterMs }, 'the trouble is over: it runs again');
    this.#write();
  }

  /** One after another: the file always ends up with the newest. */
  #write(): void {
    this.#written = this.#written
      .then(() => this.#writeNow())
      .catch((error: unknown) => this.#log.warn({ err: error }, 'troubles not written'));
  }

  async #writeNow(): Promise<void> {
    const troubles = [...this.#noted.values()].map(({ role, message, since }) => ({ role, message, since }));
    if (troubles.length === 0) await rm(pathIn(this.#folder), { force: true });
    else
      await writeDurably(
        pathIn(this.#folder),
        `${JSON.stringify({ supervisorId: this.#supervisorId, troubles })}\n`,
      );
  }
}

/** Those of a supervisor that runs; what a dead one left behind is no news. */
export async function readTroubles(folder: DataFolder, supervisorId: string | undefined): Promise<Trouble[]> {
  const text = await readFile(pathIn(folder), 'utf8').catch(() => null);
  if (text === null) return [];
  try {
    const written = JSON.parse(text) as { supervisorId: string; troubles: Trouble[] };
    return written.supervisorId === supervisorId ? written.troubles : [];
  } catch {
    return [];
  }
}

function pathIn(folder: DataFolder): string {
  return join(folder.path, 'troubles.json');
}
