import { BudaoError } from '../../contract/errors.ts';
import type { ProbeKind, TargetKind, Workload } from '../log/facts.ts';
import { AnythingLlmTarget } from './anythingllm-target.ts';
import { BudaoTarget } from './budao-target.ts';
import { ChatchatTarget } from './chatchat-target.ts';
import { KotaemonTarget } from './kotaemon-target.ts';
import { OpenAiTarget } from './openai-target.ts';
import type { DrillTarget, TargetSettings } from './target.ts';

const TARGETS: Record<TargetKind, new (settings: TargetSettings) => DrillTarget> = {
  budao: BudaoTarget,
  openai: OpenAiTarget,
  anythingllm: AnythingLlmTarget,
  chatchat: ChatchatTarget,
  kotaemon: KotaemonTarget,
};

export function openTarget(settings: TargetSettings): DrillTarget {
  return new TARGETS[settings.kind](settings);
}

/** @throws BudaoError drill_workload_unsupported */
export function refuseUnsupported(settings: TargetSettings, workload: Workload): void {
  const { probes } = openTarget(settings);
  const unknown = (Object.keys(workload.probes) as ProbeKind[]).filter((kind) => !probes.includes(kind));
  if (unknown.length === 0) return;
  throw new BudaoError(
    'invalid',
    'drill_workload_unsupported',
    `A target of the kind ${settings.kind} cannot be probed by ${unknown.join(', ')}. It can by ${probes.join(', ')}: take the others out of the workload.`,
  );
}
