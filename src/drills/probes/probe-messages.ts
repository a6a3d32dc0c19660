import type { Workload } from '../log/facts.ts';
import type { DrillEvent } from '../log/record.ts';
import type { TargetSettings } from '../targets/target.ts';

export interface ProbeJob {
  originNs: string;
  drillId: string;
  settings: TargetSettings;
  workload: Workload;
}

export type ToProbes = { type: 'retarget'; settings: TargetSettings } | { type: 'stop' };

export type FromProbes =
  | { type: 'events'; events: { event: DrillEvent; atMs: number }[] }
  | { type: 'stopped' };
