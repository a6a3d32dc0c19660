/** How backups look from outside: times in seconds, names as in the rest of the API. */
import { taskOf } from '../../recovery/care/care-kinds.ts';
import type { CareResult } from '../../recovery/care/results.ts';
import type { CareTask, ScheduleSettings, Schedules } from '../../recovery/care/schedules.ts';
import { timeZoneOf } from '../../recovery/care/schedules.ts';
import type { StreamState } from '../../recovery/stream/stream-state.ts';
import type { BackupRun } from './backup-runs.ts';

export interface BackupOverview {
  /** In milliseconds, as all here. */
  rpoMs: number | null;
  newestSnapshotAt: number | null;
  streams: StreamState[];
  hasKey: boolean;
  repositories: string[];
}

export interface BackupRepository {
  name: string;
  place: string;
  failure: { code: string; message: string } | null;
  isAppendOnly: boolean | null;
  freeBytes: number | null;
  snapshots: { id: string; createdAt: number }[] | null;
  unreadable: number | null;
}

export interface BackupSnapshot {
  id: string;
  repository: string;
  installationId: string;
  createdAt: number;
  programVersion: string;
  schemaVersion: number;
  label: string | null;
  plainBytes: number;
  addedBytes: number;
  counts: Record<string, number>;
}

export interface ScheduleState {
  schedules: Schedules;
  configured: ScheduleSettings;
  tasks: {
    task: CareTask;
    when: string;
    nextAt: number | null;
    obstacle: 'no_repository' | 'no_key' | null;
    overdueMs: number;
    latest: CareResult[];
  }[];
}

const seconds = (timeMs: number): number => Math.floor(timeMs / 1_000);
const secondsOrNull = (timeMs: number | null): number | null => (timeMs === null ? null : seconds(timeMs));

export function backupObject({ rpoMs, newestSnapshotAt, streams, hasKey, repositories }: BackupOverview) {
  return {
    object: 'backup',
    rpo_seconds: rpoMs === null ? null : rpoMs / 1_000,
    newest_snapshot_at: secondsOrNull(newestSnapshotAt),
    streams: streams.map(({ repository, phase, lagMs, coveredUntil, coveredSince, reason }) => ({
      repository,
      phase,
      lag_seconds: lagMs === null ? null : lagMs / 1_000,
      covered_until: secondsOrNull(coveredUntil),
      covered_since: secondsOrNull(coveredSince),
      reason,
    })),
    has_key: hasKey,
    repositories,
  };
}

export function repositoryObject(repository: BackupRepository) {
  const { name, place, failure, isAppendOnly, freeBytes, snapshots, unreadable } = repository;
  const newest = snapshots?.[0];
  return {
    id: name,
    object: 'backup.repository',
    place,
    reachable: failure === null,
    failure,
    append_only: isAppendOnly,
    free_bytes: freeBytes,
    snapshots: snapshots?.length ?? null,
    newest: newest === undefined ? null : { id: newest.id, created_at: seconds(newest.createdAt) },
    unreadable,
  };
}

export function snapshotObject(snapshot: BackupSnapshot) {
  return {
    id: snapshot.id,
    object: 'backup.snapshot',
    repository: snapshot.repository,
    installation_id: snapshot.installationId,
    created_at: seconds(snapshot.createdAt),
    program_version: snapshot.programVersion,
    schema_version: snapshot.schemaVersion,
    label: snapshot.label,
    plain_bytes: snapshot.plainBytes,
    added_bytes: snapshot.addedBytes,
    counts: snapshot.counts,
  };
}

export function schedulesObject({ schedules, configured, tasks }: ScheduleState) {
  const { settings, changes, changedBy, changedAt } = schedules;
  return {
    object: 'backup.schedules',
    time_zone: timeZoneOf(settings),
    jitter_seconds: settings.jitterSeconds,
    verify_share_percent: settings.verifySharePercent,
    changed_by: changedBy,
    changed_at: secondsOrNull(changedAt),
    tasks: tasks.map(({ task, when, nextAt, obstacle, overdueMs, latest }) => ({
      task,
      when,
      configured: configured[task],
      is_changed: changes[task] != null,
      next_at: secondsOrNull(nextAt),
      obstacle,
      overdue_seconds: seconds(overdueMs),
      latest: latest.map(resultObject),
    })),
  };
}

export function resultObject(result: CareResult) {
  return {
    id: result.id,
    object: 'backup.result',
    task: result.task,
    repository: result.repository,
    run_id: result.runId,
    occasion: result.occasion,
    started_at: seconds(result.startedAt),
    finished_at: seconds(result.finishedAt),
    duration_seconds: result.durationMs / 1_000,
    verdict: result.verdict,
    code: result.code,
    message: result.message,
    evidence: result.evidence,
  };
}

export function runObject({ run, progress }: BackupRun) {
  return {
    id: run.id,
    object: 'backup.run',
    task: taskOf(run.kind),
    repository: run.subjectId ?? '',
    status: run.status,
    progress:
      progress === null ? null : { phase: progress.phase, done: progress.done, total: progress.total },
    failure: run.failure,
    created_at: seconds(run.createdAt),
    started_at: secondsOrNull(run.startedAt),
    finished_at: secondsOrNull(run.finishedAt),
  };
}
