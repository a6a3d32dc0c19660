import type { Configuration } from './configuration.ts';
import { dataFolderAt } from './data-folder.ts';
import { type Checkup, checkUp } from './doctor/checkup.ts';

export type { CheckName, Finding } from '../knowledge/doctor/finding.ts';
export type { CheckedName, CheckOutcome, CheckResult } from './doctor/check.ts';

/** Examines the installation, beside a service at work or without one, and whether its ledger can be opened or not. */
export function runDoctor(
  configuration: Configuration,
  options: { fix: boolean; deep: boolean },
): Promise<Checkup> {
  const folder = dataFolderAt(configuration.dataDir);
  return checkUp({ configuration, folder, ...options, now: Date.now() });
}
