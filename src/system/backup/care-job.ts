/** What runs that care for repositories do, in whatever process it is called. */

import { BudaoError } from '../../contract/errors.ts';
import type { CareInput } from '../../recovery/care/care-kinds.ts';
import type { CareProgress } from '../../recovery/care/care-runs.ts';
import type { CareOutcome } from '../../recovery/care/results.ts';
import type { CareTask } from '../../recovery/care/schedules.ts';
import type { VerifyReport } from '../../recovery/repository/verify.ts';
import type { Configuration } from '../configuration.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import { makeRoom, verify } from './care-for-repository.ts';

const MAX_FINDINGS_KEPT = 50;

/** Plain, so that it can be handed to another process. */
export interface CareJob {
  task: Exclude<CareTask, 'snapshot'>;
  input: CareInput;
}

export async function performCare(
  configuration: Configuration,
  { task, input }: CareJob,
  signal: AbortSignal,
  onProgress: (progress: CareProgress) => void,
): Promise<CareOutcome> {
  const { keyFile, rehearsal } = configuration.backup;
  const care = { configuration, repository: input.repository, keyFile };
  switch (task) {
    case 'verify': {
      const report = await verify(care, {
        share: input.share ?? 1,
        signal,
        onProgress: ({ packs, packsTotal }) =>
          onProgress({ phase: 'reading', done: packs, total: packsTotal }),
      });
      return outcomeOfVerify(report);
    }
    case 'prune':
      return await pruneAsAgreed(care);
    case 'rehearse': {
      const outcome = await rehearse({
        ...care,
        snapshotId: input.snapshotId ?? null,
        golden: rehearsal.golden,
        withModels: rehearsal.withModels,
        keep: false,
        signal,
        onProgress,
      });
      // The run is tried again before anybody is told.
      if (outcome.code === 'repository_unavailable')
        throw new BudaoError('unavailable', outcome.code, outcome.message ?? '');
      return outcome;
    }
  }
}

export function outcomeOfVerify({ findings, ...report }: VerifyReport): CareOutcome {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const evidence = { ...report, errors: errors.length, findings: findings.slice(0, MAX_FINDINGS_KEPT) };
  const [first] = errors;
  if (first === undefined) return { verdict: 'pass', code: null, message: null, evidence };
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  return { verdict: 'fail', code: first.code, message: `${first.message}${more}`, evidence };
}

/** The schedule is the agreement. */
async function pruneAsAgreed(care: Parameters<typeof makeRoom>[0]): Promise<CareOutcome> {
  try {
    const { plan, result } = await makeRoom(care, { isAgreed: true });
    const evidence = {
      kept: plan.keep.length,
      removed: result?.removed ?? 0,
      retired: result?.retired ?? 0,
      files: result?.files ?? 0,
      repacked: result?.repacked ?? 0,
      freedBytes: plan.freedBytes,
    };
    return { verdict: 'pass', code: null, message: null, evidence };
  } catch (error) {
    if (!(error instanceof BudaoError) || error.code !== 'repository_append_only') throw error;
    // As whoever owns the place wants it.
    return { verdict: 'pass', code: error.code, message: error.message, evidence: null };
  }
}
