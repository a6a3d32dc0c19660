import type { SqlParams, SqlRow } from '../ledger.ts';

/** One result may take so much of the whole: a long log does not push out what everybody reads. */
const LARGEST_SHARE = 1 / 16;
const ROW_BYTES = 64;
const VALUE_BYTES = 16;
const ENTRY_BYTES = 512;
/** What is read all the time is put behind the others no more often than this. */
const REORDER_MS = 5_000;
/** Statements are constants of the program; those that are put together at run time must not pile up. */
const MAX_STATEMENTS = 2_000;

/** Two clocks: one does not count while the machine sleeps, the other may be set back. */
interface Moment {
  monotonicMs: number;
  wallMs: number;
}

interface Entry {
  statement: string;
  workspaceId: string | null;
  rows: readonly SqlRow[];
  bytes: number;
  askedAt: Moment;
  /** When it took its place in the order in which entries are forgotten. */
  placedAtMs: number;
}

export interface ReadMemoryOptions {
  /** Nothing older is ever given out; 0 remembers nothing. */
  maxAgeMs: number;
  maxBytes: number;
  clock?: () => Moment;
}

/** What the ledger answered lately, by statement and parameters. What was not read for longest is forgotten first. */
export class ReadMemory {
  readonly maxAgeMs: number;
  readonly #maxBytes: number;
  readonly #clock: () => Moment;
  readonly #entries = new Map<string, Entry>();
  /** Short names, so that keys are short: they are made with every read. */
  readonly #names = new Map<string, number>();
  #nextName = 0;
  #bytes = 0;
  /** An answer to what was asked before it may have been seen before it. */
  #lastForgottenMs = Number.NEGATIVE_INFINITY;

  constructor({ maxAgeMs, maxBytes, clock = now }: ReadMemoryOptions) {
    this.maxAgeMs = maxAgeMs;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  get size(): { entries: number; bytes: number } {
    return { entries: this.#entries.size, bytes: this.#bytes };
  }

  /** The moment that `remember` wants, from before the ledger was asked. */
  moment(): Moment {
    return this.#clock();
  }

  remember(
    kind: string,
    statement: string,
    params: SqlParams,
    answer: { rows: readonly SqlRow[]; askedAt: Moment },
  ): void {
    // What is asked with the time of asking is never asked again.
    if ('now' in params) return;
    if (this.maxAgeMs === 0 || answer.askedAt.monotonicMs <= this.#lastForgottenMs) return;
    const key = this.#keyOf(kind, statement, params);
    const bytes = ENTRY_BYTES + 2 * key.length + sizeOf(answer.rows);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      const { monotonicMs } = answer.askedAt;
      // Of two answers the one that was asked for last is the newer.
      if (known.askedAt.monotonicMs > monotonicMs) return;
      if (known.bytes === bytes && monotonicMs - known.placedAtMs < REORDER_MS) {
        known.rows = answer.rows;
        known.askedAt = answer.askedAt;
        return;
      }
      this.#drop(key, known);
    }
    if (bytes > this.#maxBytes * LARGEST_SHARE) return;
    const { workspace } = params;
    const workspaceId = typeof workspace === 'string' ? workspace : null;
    const placedAtMs = answer.askedAt.monotonicMs;
    this.#entries.set(key, { statement, workspaceId, bytes, placedAtMs, ...answer });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  /** Copies of the rows, and how old they are; null for what is not known, or no longer. */
  recall(kind: string, statement: string, params: SqlParams): { rows: SqlRow[]; ageMs: number } | null {
    const key = this.#keyOf(kind, statement, params);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const ageMs = this.#ageMs(entry);
    if (ageMs >= this.maxAgeMs) {
      this.#drop(key, entry);
      return null;
    }
    return { rows: entry.rows.map((row) => ({ ...row })), ageMs };
  }

  /** Whatever was read from a table, in one workspace or in all of them. */
  forget(table: string, workspaceId: string | null): void {
    this.#lastForgottenMs = this.#clock().monotonicMs;
    const mentions = new RegExp(`\\b${table}\\b`);
    for (const [key, entry] of this.#entries) {
      const isElsewhere =
        workspaceId !== null && entry.workspaceId !== null && entry.workspaceId !== workspaceId;
      if (!isElsewhere && mentions.test(entry.statement)) this.#drop(key, entry);
    }
  }

  /** What nobody may be given any more takes no place. */
  forgetExpired(): void {
    for (const [key, entry] of this.#entries) {
      // In the order in which they came: the first that is young enough ends it.
      if (this.#ageMs(entry) < this.maxAgeMs) return;
      this.#drop(key, entry);
    }
  }

  #keyOf(kind: string, statement: string, params: SqlParams): string {
    let name = this.#names.get(statement);
    if (name === undefined) {
      if (this.#names.size >= MAX_STATEMENTS) this.#names.clear();
      name = this.#nextName++;
      this.#names.set(statement, name);
    }
    return `${kind} ${name} ${JSON.stringify(params)}`;
  }

  #ageMs({ askedAt }: Entry): number {
    const { monotonicMs, wallMs } = this.#clock();
    return Math.max(monotonicMs - askedAt.monotonicMs, wallMs - askedAt.wallMs);
  }

  #dropOldest(): void {
    const [oldest] = this.#entries;
    if (oldest !== undefined) this.#drop(...oldest);
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

function now(): Moment {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/** About what the rows take; exact enough for a bound. */
function sizeOf(rows: readonly SqlRow[]): number {
  let bytes = 0;
  for (const row of rows) {
    bytes += ROW_BYTES;
    for (const name in row) {
      const value = row[name];
      bytes += VALUE_BYTES + (typeof value === 'string' ? 2 * value.length : 0);
    }
  }
  return bytes;
}
