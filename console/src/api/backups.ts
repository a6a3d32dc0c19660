import { request } from './client.ts';
import type { ApiFailure, List } from './types.ts';

export const BACKUP_TASKS = ['snapshot', 'verify', 'rehearse', 'prune'] as const;
export type BackupTask = (typeof BACKUP_TASKS)[number];
export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** Times are seconds since 1970, by the server's clock. */
export interface Backup {
  rpo_seconds: number | null;
  newest_snapshot_at: number | null;
  streams: {
    repository: string;
    phase: 'starting' | 'base' | 'shipping' | 'waiting' | 'archived';
    lag_seconds: number | null;
    covered_until: number | null;
    covered_since: number | null;
    reason: ApiFailure | null;
  }[];
  has_key: boolean;
  repositories: string[];
}

export interface BackupRepository {
  id: string;
  place: string;
  reachable: boolean;
  failure: ApiFailure | null;
  append_only: boolean | null;
  free_bytes: number | null;
  snapshots: number | null;
  newest: { id: string; created_at: number } | null;
}

export interface BackupSnapshot {
  id: string;
  repository: string;
  created_at: number;
  program_version: string;
  label: string | null;
  plain_bytes: number;
  added_bytes: number;
  counts: Record<string, number>;
}

export interface RehearsalEvidence {
  snapshotId?: string | null;
  rtoMs?: number | null;
  rpoMs?: number | null;
  retrieval?: { questions: number; identical: number } | null;
  answers?: { score: number; baselineScore: number | null } | null;
}

export interface BackupResult {
  id: string;
  task: BackupTask;
  repository: string;
  occasion: 'schedule' | 'manual';
  finished_at: number;
  duration_seconds: number;
  verdict: Verdict;
  code: string | null;
  message: string | null;
  evidence: unknown;
}

export interface BackupSchedules {
  time_zone: string;
  jitter_seconds: number;
  verify_share_percent: number;
  changed_at: number | null;
  tasks: {
    task: BackupTask;
    when: string;
    configured: string;
    is_changed: boolean;
    next_at: number | null;
    obstacle: 'no_repository' | 'no_key' | null;
    overdue_seconds: number;
    latest: BackupResult[];
  }[];
}

export interface BackupRun {
  id: string;
  task: BackupTask;
  repository: string;
  status: 'queued' | 'running' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  progress: { phase: string; done: number; total: number } | null;
}

export interface RestorePlan {
  snapshot: BackupSnapshot;
  lost_since: number;
  expected_seconds: number | null;
  command: string;
  is_restorable: boolean;
  failure: ApiFailure | null;
}

/** Null takes a change back. */
export type ScheduleChanges = Partial<
  Record<BackupTask | 'time_zone', string | null> &
    Record<'jitter_seconds' | 'verify_share_percent', number | null>
>;

export function readBackup(signal: AbortSignal): Promise<Backup> {
  return request('/ops/backup', { signal });
}

export async function listRepositories(signal: AbortSignal): Promise<BackupRepository[]> {
  return (await request<List<BackupRepository>>('/ops/backup/repositories', { signal })).data;
}

export async function listSnapshots(signal: AbortSignal): Promise<BackupSnapshot[]> {
  return (await request<List<BackupSnapshot>>('/ops/backup/snapshots', { signal })).data;
}

export function readSchedules(signal: AbortSignal): Promise<BackupSchedules> {
  return request('/ops/backup/schedules', { signal });
}

export function changeSchedules(changes: ScheduleChanges): Promise<BackupSchedules> {
  return request('/ops/backup/schedules', { method: 'PATCH', body: changes });
}

export async function listResults(signal: AbortSignal): Promise<BackupResult[]> {
  return (await request<List<BackupResult>>('/ops/backup/results', { query: { limit: 20 }, signal })).data;
}

export async function listBackupRuns(signal: AbortSignal): Promise<BackupRun[]> {
  return (await request<List<BackupRun>>('/ops/backup/runs', { signal })).data;
}

export function startBackupRun(task: BackupTask, repository: string): Promise<BackupRun> {
  return request('/ops/backup/runs', { method: 'POST', body: { task, repository } });
}

export function cancelBackupRun(id: string): Promise<BackupRun> {
  return request(`/ops/backup/runs/${id}/cancel`, { method: 'POST' });
}

export function planRestore({ id, repository }: { id: string; repository: string }): Promise<RestorePlan> {
  return request('/ops/backup/restore-plans', { method: 'POST', body: { repository, snapshot_id: id } });
}
