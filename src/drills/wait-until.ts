import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Waits for a condition with a deadline. @throws Error with the explanation */
export async function waitUntil(
  condition: () => Promise<boolean> | boolean,
  deadlineMs: number,
  explain: () => string = () => `not within ${deadlineMs} ms: ${condition}`,
): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(explain());
    await sleep(POLL_MS);
  }
}
