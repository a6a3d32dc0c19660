import { ApiError } from '../api/api-error.ts';
import { readRun } from '../api/evaluation.ts';

const POLL_MS = 1_000;

/** Waits for the end of a run. @throws ApiError where it failed */
export async function followRun(id: string): Promise<void> {
  for (;;) {
    const { status, failure } = await readRun(id);
    if (failure !== null) throw new ApiError(500, failure.code ?? '', failure.message);
    if (status !== 'queued' && status !== 'running') return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
