import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition with a deadline. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  deadlineMs = 30_000,
  explain: () => string = () => `never true: ${condition}`,
): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(explain());
    await sleep(10);
  }
}
