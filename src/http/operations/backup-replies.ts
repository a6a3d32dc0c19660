import { z } from 'zod';
import { Failure, Seconds } from '../../contract/replies/common.ts';
import { VERDICTS } from '../../recovery/care/results.ts';
import { CARE_TASKS } from '../../recovery/care/schedules.ts';
import { STREAM_PHASES } from '../../recovery/stream/stream-state.ts';

const Task = z.enum(CARE_TASKS);
const RunStatus = z.enum(['queued', 'running', 'completed', 'incomplete', 'failed', 'cancelled']);

export const BackupResultReply = z
  .object({
    id: z.string(),
    object: z.literal('backup.result'),
    task: Task,
    repository: z.string(),
    run_id: z.string().nullable(),
    occasion: z.enum(['schedule', 'manual']),
    started_at: Seconds,
    finished_at: Seconds,
    duration_seconds: z.number(),
    verdict: z.enum(VERDICTS),
    code: z.string().nullable(),
    message: z.string().nullable(),
    /** Figures and findings; what they are depends on the task. */
    evidence: z.unknown(),
  })
  .meta({ id: 'BackupResult' });

export const BackupSchedulesReply = z
  .object({
    object: z.literal('backup.schedules'),
    time_zone: z.string(),
    jitter_seconds: z.int(),
    verify_share_percent: z.number(),
    changed_by: z.string().nullable(),
    changed_at: Seconds.nullable(),
    tasks: z.array(
      z.object({
        task: Task,
        when: z.string(),
        configured: z.string(),
        is_changed: z.boolean(),
        next_at: Seconds.nullable(),
        obstacle: z.enum(['no_repository', 'no_key']).nullable(),
        overdue_seconds: z.int(),
        latest: z.array(BackupResultReply),
      }),
    ),
  })
  .meta({ id: 'BackupSchedules' });

export const BackupReply = z
  .object({
    object: z.literal('backup'),
    /** What would be lost if the machine were lost now; null where nothing could be restored. */
    rpo_seconds: z.number().nullable(),
    newest_snapshot_at: Seconds.nullable(),
    streams: z.array(
      z.object({
        repository: z.string(),
        phase: z.enum(STREAM_PHASES),
        lag_seconds: z.number().nullable(),
        covered_until: Seconds.nullable(),
        covered_since: Seconds.nullable(),
        reason: Failure.nullable(),
      }),
    ),
    has_key: z.boolean(),
    repositories: z.array(z.string()),
  })
  .meta({ id: 'Backup' });

export const BackupRepositoryReply = z
  .object({
    id: z.string(),
    object: z.literal('backup.repository'),
    /** Without credentials. */
    place: z.string(),
    reachable: z.boolean(),
    failure: Failure.nullable(),
    append_only: z.boolean().nullable(),
    free_bytes: z.number().nullable(),
    snapshots: z.int().nullable(),
    newest: z.object({ id: z.string(), created_at: Seconds }).nullable(),
    unreadable: z.int().nullable(),
  })
  .meta({ id: 'BackupRepository' });

export const BackupSnapshotReply = z
  .object({
    id: z.string(),
    object: z.literal('backup.snapshot'),
    repository: z.string(),
    installation_id: z.string(),
    created_at: Seconds,
    program_version: z.string(),
    schema_version: z.int(),
    label: z.string().nullable(),
    plain_bytes: z.number(),
    added_bytes: z.number(),
    counts: z.record(z.string(), z.int()),
  })
  .meta({ id: 'BackupSnapshot' });

export const BackupRunReply = z
  .object({
    id: z.string(),
    object: z.literal('backup.run'),
    task: Task,
    repository: z.string(),
    status: RunStatus,
    progress: z.object({ phase: z.string(), done: z.number(), total: z.number() }).nullable(),
    failure: Failure.nullable(),
    created_at: Seconds,
    started_at: Seconds.nullable(),
    finished_at: Seconds.nullable(),
  })
  .meta({ id: 'BackupRun' });

export const RestorePlanReply = z
  .object({
    object: z.literal('backup.restore_plan'),
    snapshot: BackupSnapshotReply,
    /** From when on everything would be lost. */
    lost_since: Seconds,
    /** As measured by the last rehearsal; null where there was none. */
    expected_seconds: z.number().nullable(),
    /** What a person types where the service was stopped; a running one cannot replace itself. */
    command: z.string(),
    is_restorable: z.boolean(),
    failure: Failure.nullable(),
  })
  .meta({ id: 'RestorePlan' });
