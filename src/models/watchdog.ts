/** Calls `expired` when the deadline passes. Moving it further away costs no timer, for it moves with every token. */
export interface Watchdog extends Disposable {
  /** A moment on the clock of `performance.now()`; Infinity while nobody waits. */
  setDeadline(atMs: number): void;
}

export function createWatchdog(expired: () => void): Watchdog {
  let deadline = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  let firesAt = Number.POSITIVE_INFINITY;

  function arm(): void {
    if (timer !== null) clearTimeout(timer);
    firesAt = deadline;
    timer = setTimeout(fire, Math.max(0, Math.ceil(deadline - performance.now())));
  }

  function fire(): void {
    timer = null;
    firesAt = Number.POSITIVE_INFINITY;
    if (deadline === Number.POSITIVE_INFINITY) return;
    if (performance.now() >= deadline) expired();
    else arm();
  }

  return {
    setDeadline(atMs) {
      deadline = atMs;
      if (deadline < firesAt) arm();
    },
    [Symbol.dispose]() {
      deadline = Number.POSITIVE_INFINITY;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
