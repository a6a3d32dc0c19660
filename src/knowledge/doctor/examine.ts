import { checkBlobs, checkTemporaryFiles, checkUnusedBlobs, checkUnusedDerived } from './check-blobs.ts';
import { checkDocuments } from './check-documents.ts';
import { checkGenerations } from './check-generations.ts';
import { checkIndexes } from './check-index.ts';
import { checkSearch } from './check-search.ts';
import { type Checked, type DoctorStores, Examination, type ExamineOptions } from './examination.ts';
import type { Finding } from './finding.ts';

/**
 * Whether rows, blobs, derived content and index agree, over all workspaces. Repairs are done by runs wherever a run
 * would do the same, so that they are safe beside a service that is at work. Nothing that was uploaded is changed.
 */
export async function examine(
  stores: DoctorStores,
  options: ExamineOptions,
): Promise<{ findings: Finding[]; checked: Checked }> {
  const examination = new Examination(stores, options);
  for (const check of CHECKS) {
    if (SLOW.includes(check) && options.quick === true) continue;
    if (check === checkLedger && options.withoutLedger === true) continue;
    try {
      await check(examination);
    } catch (error) {
      await examination.report({
        check: 'check-failed',
        severity: 'error',
        subject: check.name,
        message: `A check could not be finished: ${error instanceof Error ? error.message : String(error)}`,
        action: 'Put right what it says, then run doctor again.',
      });
    }
  }
  const { findings, checked } = examination;
  return { findings, checked };
}

/** Documents come before the index: one that is taken in again is put into the index anyway. */
const CHECKS: readonly ((examination: Examination) => Promise<void>)[] = [
  checkLedger,
  checkBlobs,
  checkDocuments,
  checkIndexes,
  checkGenerations,
  checkSearch,
  checkUnusedDerived,
  checkUnusedBlobs,
  checkTemporaryFiles,
];

/** Not for every start. */
const SLOW: typeof CHECKS = [checkLedger, checkSearch];

async function checkLedger(examination: Examination): Promise<void> {
  for (const problem of await examination.stores.ledger.checkIntegrity()) {
    await examination.report({
      check: 'ledger-integrity',
      severity: 'error',
      subject: 'ledger',
      message: `The ledger is damaged: ${problem}`,
      action: 'Stop the service, keep the data folder as it is, and restore from a backup.',
    });
  }
}
