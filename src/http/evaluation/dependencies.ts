import type { Ledger } from '../../ledger/ledger.ts';
import type { RunAnnouncer } from '../dependencies.ts';

export interface EvaluationDependencies {
  ledger: Ledger;
  runs: RunAnnouncer;
}

export const tag = 'Evaluation';
export type ById = { Params: { id: string } };
