import type { DrillReport } from '../../src/contract/drill-report.ts';

type Results = DrillReport['results'];

/** What drills have to show on a machine of two cores. */
export interface Goal {
  scenario: string;
  what: string;
  limit: number;
  unit: 'ms' | '';
  /** Null without data. */
  measure(results: Results): number | null;
}

export const GOALS: readonly Goal[] = [
  {
    scenario: 'worker-killed',
    what: 'worker killed: silence of a stream, p99',
    limit: 500,
    unit: 'ms',
    measure: ({ streams }) => streams.silence_p99_ms,
  },
  {
    scenario: 'api-killed',
    what: 'API killed: gap of a client that reconnects',
    limit: 1_000,
    unit: 'ms',
    measure: ({ gaps }) => longest(gaps.filter(({ kind }) => kind === 'search' || kind === 'ask')),
  },
  {
    scenario: 'everything-killed',
    what: 'everything killed and started again: RTO',
    limit: 5_000,
    unit: 'ms',
    measure: ({ rto_service_ms: ms }) => ms,
  },
  {
    scenario: 'data-folder-lost',
    what: 'power cut, data folder restored from the repository: RTO verified',
    limit: 30_000,
    unit: 'ms',
    measure: ({ rto_verified_ms: ms }) => ms,
  },
  ...['worker-killed', 'api-killed', 'everything-killed'].map(
    (scenario): Goal => ({
      scenario,
      what: `${scenario}: acknowledged writes lost`,
      limit: 0,
      unit: '',
      measure: lost,
    }),
  ),
];

export function measuredFor(goal: Goal, report: DrillReport | null): number | null {
  return report === null ? null : goal.measure(report.results);
}

function longest(gaps: Results['gaps']): number | null {
  return gaps.length === 0 ? null : Math.max(...gaps.map(({ ms }) => ms));
}

function lost({ writes }: Results): number | null {
  return writes.length === 0 ? null : writes.reduce((sum, one) => sum + one.lost, 0);
}
