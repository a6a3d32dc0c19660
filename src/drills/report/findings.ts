import type { DrillFinding, DrillGate, DrillReport } from '../../contract/drill-report.ts';

export interface FindingParts {
  gates: readonly DrillGate[];
  drill: { drill_id: string; utc: string };
  scenario: string;
  owner: string | null;
  /** Of what is found now. */
  due: string;
  /** Those of the last drill of the same scenario. */
  earlier: DrillReport['findings'];
}

/** A gate that did not pass is a finding, and stays one until a later drill of the same scenario passes it. */
export function findingsOf({ gates, drill, scenario, owner, due, earlier }: FindingParts): DrillFinding[] {
  const open = new Map(
    earlier.filter(({ status }) => status === 'open').map((finding) => [finding.gate, finding]),
  );
  const own = gates.flatMap((gate): DrillFinding[] => {
    const known = open.get(gate.gate);
    open.delete(gate.gate);
    if (gate.verdict === 'pass')
      return known === undefined ? [] : [{ ...known, status: 'closed', retest: drill.drill_id }];
    return [
      {
        key: `${scenario}/${gate.gate}`,
        gate: gate.gate,
        severity: gate.verdict === 'fail' ? 'high' : 'medium',
        since: known?.since ?? drill,
        owner: known?.owner ?? owner,
        due: known?.due ?? due,
        status: 'open',
        retest: null,
      },
    ];
  });
  // A gate that the scenario no longer has cannot close what it found.
  return [...own, ...open.values()];
}
