import { setTimeout as sleep } from 'node:timers/promises';

const MAX_TRIES = 4;
const PAUSE_MS = 20;

/** On a shared folder another machine may have replaced the file between two looks; the next look finds the new one. */
export function isStaleHandle(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ESTALE';
}

/** Only for what may be done twice. */
export async function againWhenStale<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isStaleHandle(error) || tries === MAX_TRIES) throw error;
      await sleep(PAUSE_MS * tries);
    }
  }
}
