import { Observable } from '../store/observable.ts';

/** Whether the server answers. While it does not, one probe asks until it does again. */
export const reachable = new Observable<boolean>(true);

const firstProbeDelayMs = 300;
const maxProbeDelayMs = 5_000;
let probing = false;

export function noteReached(): void {
  reachable.set(true);
}

export function noteUnreachable(): void {
  reachable.set(false);
  if (!probing) void probe();
}

async function probe(): Promise<void> {
  probing = true;
  for (
    let delayMs = firstProbeDelayMs;
    !reachable.get();
    delayMs = Math.min(delayMs * 1.5, maxProbeDelayMs)
  ) {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    try {
      const answer = await fetch('/livez', { cache: 'no-store' });
      if (answer.ok) reachable.set(true);
    } catch {
      // Still away; the next round asks again.
    }
  }
  probing = false;
}
