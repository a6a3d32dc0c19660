/** A run as `/ops/runs` describes it. Times are seconds since the epoch. */
export interface RunObject {
  id: string;
  kind: string;
  status: 'queued' | 'running' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  subject_id: string | null;
  owner: string | null;
  epoch: number;
  attempts: number;
  max_attempts: number;
  cancel_requested: boolean;
  last_seq: number;
  failure: { code: string; message: string } | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  deadline_at: number | null;
  input?: unknown;
  result?: unknown;
}

export interface RunEventObject {
  seq: number;
  type: string;
  payload: unknown;
  created_at: number;
}

export function isFinished(run: RunObject): boolean {
  return run.status !== 'queued' && run.status !== 'running';
}
