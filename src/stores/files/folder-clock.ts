import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryPathBeside } from './durable-file.ts';

/** Clocks drift by less than a second in it. */
const VALID_MS = 60_000;

/**
 * How old files are by the clock that has dated them: of a shared folder its server's. By the clock of a machine that is
 * a day ahead, what another has just stored would be a day old, and be removed as if nobody wanted it.
 */
export class FolderClock {
  readonly #folder: string;
  #measured: Promise<{ aheadMs: number; untilMs: number }> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** In ms; 0 while the folder's clock cannot be told, so that nothing is taken for old then. */
  async ageOf(mtimeMs: number): Promise<number> {
    const { aheadMs } = await this.#measure();
    return Math.max(0, performance.now() + aheadMs - mtimeMs);
  }

  async #measure(): Promise<{ aheadMs: number }> {
    const known = await this.#measured;
    if (known !== null && performance.now() < known.untilMs) return known;
    this.#measured = measure(this.#folder).then((aheadMs) => ({
      aheadMs,
      untilMs: performance.now() + VALID_MS,
    }));
    return this.#measured;
  }
}

async function measure(folder: string): Promise<number> {
  const probe = temporaryPathBeside(join(folder, 'clock'));
  try {
    await writeFile(probe, 'x', { flag: 'wx' });
    return (await stat(probe)).mtimeMs - performance.now();
  } catch {
    return Number.NEGATIVE_INFINITY;
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}
