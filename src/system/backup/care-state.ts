/** How the backups of an installation stand: what is due when, what came of it last, how old the newest snapshot is. */

import type { Sql } from '../../ledger/ledger.ts';
import { nextOccasion, overdueMs } from '../../recovery/care/due-tasks.ts';
import { type CareResult, latestPasses, latestResults } from '../../recovery/care/results.ts';
import {
  CARE_TASKS,
  type CareTask,
  readScheduleState,
  readSchedules,
  type Schedules,
} from '../../recovery/care/schedules.ts';
import type { BackupSettings } from './backup-settings.ts';

export interface TaskState {
  task: CareTask;
  /** In plain words, as it counts now. */
  when: string;
  /** Null when it is off, or cannot be done. */
  nextAt: number | null;
  /** Why it is not done although it is not off. */
  obstacle: 'no_repository' | 'no_key' | null;
  overdueMs: number;
  /** Of each repository that is still configured. */
  latest: CareResult[];
}

export interface CareState {
  schedules: Schedules;
  tasks: TaskState[];
  /** When the picture of the newest snapshot was taken, by repository; null where none is known to this installation. */
  newestSnapshots: { repository: string; at: number | null }[];
}

export async function careState(
  sql: Sql,
  settings: Pick<BackupSettings, 'repositories' | 'schedules' | 'keyFile'>,
  { installationId, now }: { installationId: string; now: number },
): Promise<CareState> {
  const schedules = await readSchedules(sql, settings.schedules);
  const seen = await readScheduleState(sql);
  const names = settings.repositories.map(({ name }) => name);
  const isConfigured = ({ repository }: CareResult): boolean => names.includes(repository);
  const latest = (await latestResults(sql)).filter(isConfigured);
  const passes = (await latestPasses(sql)).filter(isConfigured);
  const tasks = CARE_TASKS.map((task): TaskState => {
    const obstacle =
      names.length === 0
        ? 'no_repository'
        : task === 'rehearse' && settings.keyFile === null
          ? 'no_key'
          : null;
    const lastSuccessAt = lastOf(passes, task, names);
    const since = seen[task]?.since ?? now;
    return {
      task,
      when: schedules.settings[task],
      nextAt:
        obstacle === null ? nextOccasion(task, schedules.settings, { now, salt: installationId }) : null,
      obstacle,
      overdueMs:
        obstacle === 'no_repository' ? 0 : overdueMs(task, schedules.settings, { lastSuccessAt, since, now }),
      latest: latest.filter((result) => result.task === task),
    };
  });
  const newestSnapshots = names.map((repository) => {
    const pass = passes.find((result) => result.task === 'snapshot' && result.repository === repository);
    return { repository, at: pass === undefined ? null : takenAt(pass) };
  });
  return { schedules, tasks, newestSnapshots };
}

/** The oldest of all repositories' last successes, for what is done in each; the newest of what is done in turn. */
function lastOf(
  passes: readonly CareResult[],
  task: CareTask,
  repositories: readonly string[],
): number | null {
  const times = repositories.map(
    (name) => passes.find((one) => one.task === task && one.repository === name)?.finishedAt ?? null,
  );
  if (task === 'rehearse') return times.reduce((newest, at) => Math.max(newest ?? 0, at ?? 0) || null, null);
  return times.includes(null) ? null : Math.min(...times.map((at) => at ?? 0));
}

function takenAt({ evidence, startedAt }: CareResult): number {
  const { createdAt } = (evidence ?? {}) as { createdAt?: unknown };
  return typeof createdAt === 'number' ? createdAt : startedAt;
}
