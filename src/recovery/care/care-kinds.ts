import { SNAPSHOT_RUN } from '../snapshot/snapshot-handler.ts';
import type { CareTask } from './schedules.ts';

export const VERIFY_RUN = 'backup-verify';
export const REHEARSE_RUN = 'backup-rehearse';
export const PRUNE_RUN = 'backup-prune';

const KINDS = {
  snapshot: SNAPSHOT_RUN,
  verify: VERIFY_RUN,
  rehearse: REHEARSE_RUN,
  prune: PRUNE_RUN,
} as const satisfies Record<CareTask, string>;

export const CARE_KINDS: readonly string[] = Object.values(KINDS);

/** What runs of these kinds are asked to do. */
export interface CareInput {
  /** As the settings call it. */
  repository: string;
  occasion: 'schedule' | 'manual';
  /** From 0 to 1: for verifications. */
  share?: number;
  /** For rehearsals; absent for the newest. */
  snapshotId?: string;
}

export function kindOf(task: CareTask): string {
  return KINDS[task];
}

export function taskOf(kind: string): CareTask {
  const [task] = Object.entries(KINDS).find(([, known]) => known === kind) ?? [];
  if (task === undefined) throw new Error(`${kind} is no kind of run that cares for backups`);
  return task as CareTask;
}
