/** What a person at a terminal asks of the schedules and of what came of them, with a service at work or without one. */
import { existsSync } from 'node:fs';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type CareResult, collectResults, insertResult, listResults } from '../../recovery/care/results.ts';
import { type CareTask, changeSchedules, type ScheduleChanges } from '../../recovery/care/schedules.ts';
import type { VerifyReport } from '../../recovery/repository/verify.ts';
import { type Configuration, isCluster } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import type { RehearsalOutcome } from '../rehearsal/evidence.ts';
import { type RehearseRequest, rehearse } from '../rehearsal/rehearse.ts';
import { openLedger } from '../shared-stores.ts';
import { outcomeOfVerify } from './care-job.ts';
import { type CareState, careState } from './care-state.ts';
import { findRepository } from './repositories.ts';

export type { CareResult };

const AT_TERMINAL = 'cli';

export async function showCare(configuration: Configuration): Promise<CareState> {
  await using ledger = await openLedger(configuration);
  return await stateOf(ledger, configuration);
}

/** @throws BudaoError schedule_invalid */
export async function changeCare(configuration: Configuration, changes: ScheduleChanges): Promise<CareState> {
  await using ledger = await openLedger(configuration);
  const change = { changes, by: AT_TERMINAL, now: ledgerTime() };
  await ledger.transaction((tx) => changeSchedules(tx, configuration.backup.schedules, change));
  return await stateOf(ledger, configuration);
}

async function stateOf(ledger: Ledger, configuration: Configuration): Promise<CareState> {
  const id = await installationId(ledger);
  return await careState(ledger.read, configuration.backup, { installationId: id, now: ledgerTime() });
}

export async function showResults(
  configuration: Configuration,
  { task, limit }: { task: CareTask | null; limit: number },
): Promise<CareResult[]> {
  await using ledger = await openLedger(configuration);
  await ledger.transaction((tx) => collectResults(tx, ledgerTime()));
  return await listResults(ledger.read, { task, repository: null, limit, before: null });
}

export async function rehearseHere(request: RehearseRequest): Promise<RehearsalOutcome> {
  const startedAt = ledgerTime();
  const outcome = await rehearse(request);
  await keepResult(request.configuration, {
    task: 'rehearse',
    repository: outcome.evidence.repository,
    startedAt,
    ...outcome,
  });
  return outcome;
}

export async function keepVerification(
  configuration: Configuration,
  repository: string | null,
  { report, startedAt }: { report: VerifyReport; startedAt: number },
): Promise<void> {
  const { name } = findRepository(configuration, repository);
  await keepResult(configuration, {
    task: 'verify',
    repository: name,
    startedAt,
    ...outcomeOfVerify(report),
  });
}

type Kept = Omit<CareResult, 'id' | 'runId' | 'occasion' | 'finishedAt' | 'durationMs'>;

/** On a machine that only looks into a repository there is nothing to keep it in. */
async function keepResult(configuration: Configuration, result: Kept): Promise<void> {
  const { ledger: file } = dataFolderAt(configuration.dataDir);
  if (!isCluster(configuration) && !existsSync(file)) return;
  await using ledger = await openLedger(configuration);
  const finishedAt = ledgerTime();
  const durationMs = Math.max(0, finishedAt - result.startedAt);
  await ledger.transaction((tx) =>
    insertResult(tx, { ...result, runId: null, occasion: 'manual', finishedAt, durationMs }),
  );
}
