export interface ClaimTask {
  owner: string;
  ledgerUrl: string;
  redisUrl: string;
  slots: number;
  /** What a run takes. */
  workMs: number;
}

export const BENCH_RUN = 'bench';
