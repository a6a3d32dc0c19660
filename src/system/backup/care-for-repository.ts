/** What a person does with a repository beside taking snapshots: look whether it is whole, and make room. */
import { join } from 'node:path';
import { type PruneResult, planPrune, prune } from '../../recovery/repository/prune.ts';
import type { PrunePlan } from '../../recovery/repository/prune-plan.ts';
import { type VerifyReport, verifyRepository } from '../../recovery/repository/verify.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import { openLedger } from '../shared-stores.ts';
import { findRepository, openForReading, openForWriting } from './repositories.ts';

const DAY_MS = 24 * 60 * 60_000;

interface Care {
  configuration: Configuration;
  repository: string | null;
  /** Null: what needs no key. */
  keyFile: string | null;
}

/** Works on any machine that reaches the repository. */
export async function verify(
  { configuration, repository, keyFile }: Care,
  options: {
    share: number;
    signal: AbortSignal;
    onProgress: (progress: { packs: number; packsTotal: number; bytes: number }) => void;
  },
): Promise<VerifyReport> {
  const settings = findRepository(configuration, repository);
  const scratchFolder = join(dataFolderAt(configuration.dataDir).cache, 'backup');
  await using opened = await openForReading(settings, { keyFile, scratchFolder });
  return await verifyRepository(opened.repository.context, options);
}

/** @param options isAgreed: carries the plan out, which is only shown otherwise */
export async function makeRoom(
  { configuration, repository, keyFile }: Care,
  options: { isAgreed: boolean },
): Promise<{ plan: PrunePlan; result: PruneResult | null }> {
  const settings = findRepository(configuration, repository);
  const { retention, stream } = configuration.backup;
  const kept = { retention, streamMs: stream.days * DAY_MS };
  await using ledger = await openLedger(configuration);
  const id = await installationId(ledger);
  await using opened = await openForWriting(configuration, settings, id, { keyFile });
  const { context } = opened.repository;
  const plan = await planPrune(context, kept);
  const result = options.isAgreed ? await prune(context, kept, plan) : null;
  return { plan, result };
}
