/** How far the service is with its start, or with a repair beside questions. */
export interface Start {
  step: string;
  /** From 0 to 1. */
  progress: number;
  /** Whether questions are answered meanwhile. */
  isReady: boolean;
}

/** @returns null when nothing is on its way, and when it cannot be told */
export async function readStart(signal: AbortSignal): Promise<Start | null> {
  try {
    const headers = { accept: 'application/json' };
    const reply = await fetch('/startupz', { cache: 'no-store', headers, signal });
    const { step, progress } = (await reply.json()) as { step: string | null; progress: number };
    return step === null ? null : { step, progress, isReady: reply.ok };
  } catch {
    return null;
  }
}
