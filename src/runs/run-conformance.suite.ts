import { appendingChecks } from './conformance/appending.suite.ts';
import { claimingChecks } from './conformance/claiming.suite.ts';
import { fairnessChecks } from './conformance/fairness.suite.ts';
import { leavingChecks } from './conformance/leaving.suite.ts';
import { recoveringChecks } from './conformance/recovering.suite.ts';
import type { ConformanceCheck } from './conformance/run-checks-harness.suite.ts';
import { sharingChecks } from './conformance/sharing.suite.ts';
import { workingChecks } from './conformance/working.suite.ts';

/** What every ledger engine and channel must give the kernel. A list, so that it can also be shown to fail. */
export const runConformance: readonly ConformanceCheck[] = [
  ...claimingChecks,
  ...fairnessChecks,
  ...appendingChecks,
  ...sharingChecks,
  ...leavingChecks,
  ...workingChecks,
  ...recoveringChecks,
];
