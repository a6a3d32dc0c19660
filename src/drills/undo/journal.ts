/** What is to be undone, on disk before it is done. Only appended to; a last line that was cut short counts as not there. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { carryOut, describeAct, isCarriedOut, UndoAct } from './acts.ts';

const Line = z.union([
  z.strictObject({ entry: z.int(), what: z.string(), act: UndoAct }),
  z.strictObject({ done: z.int() }),
]);

export interface UndoEntry {
  entry: number;
  /** Which fault or which part of the laboratory it belongs to. */
  what: string;
  act: UndoAct;
}

export class UndoJournal implements Disposable {
  readonly path: string;
  readonly #file: number;
  #count = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a', 0o600);
  }

  /** Returns once the acts are on disk: only then may that be done which they undo. @returns their numbers */
  store(what: string, acts: readonly UndoAct[]): number[] {
    const entries = acts.map((act) => ({ entry: ++this.#count, what, act }));
    this.#append(entries);
    return entries.map(({ entry }) => entry);
  }

  markDone(entries: readonly number[]): void {
    this.#append(entries.map((done) => ({ done })));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #append(lines: readonly object[]): void {
    if (lines.length === 0) return;
    writeSync(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    fsyncSync(this.#file);
  }
}

/** What is left to undo, the newest first. */
export function readJournal(path: string): UndoEntry[] {
  const entries = new Map<number, UndoEntry>();
  if (!existsSync(path)) return [];
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    const line = parse(text);
    if (line === null) continue;
    if ('done' in line) entries.delete(line.done);
    else entries.set(line.entry, line);
  }
  return [...entries.values()].sort((a, b) => b.entry - a.entry);
}

export interface Undone {
  what: string;
  act: string;
  /** Null when a probe found it undone. */
  problem: string | null;
}

/** Goes through everything that is left, whatever fails in between, and looks afterwards whether it worked. */
export async function undoAll(path: string): Promise<Undone[]> {
  const results: Undone[] = [];
  for (const { what, act } of readJournal(path)) {
    const problem = await carryOut(act).then(
      async () => ((await isCarriedOut(act)) ? null : 'a probe still finds it'),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    results.push({ what, act: describeAct(act), problem });
  }
  return results;
}

function parse(text: string): z.infer<typeof Line> | null {
  try {
    const parsed = Line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
