import type { Need } from '../faults/fault.ts';
import { missing, type Requirement } from '../laboratory/requirements.ts';
import type { Scenario } from './parse-scenario.ts';

export function needsOf({ timeline, laboratory }: Scenario): ReadonlySet<Need> {
  const needs = new Set(timeline.flatMap(({ kind }) => kind.needs));
  if (laboratory.profile === 'cluster') needs.add('cluster');
  return needs;
}

export interface MissingRequirement {
  requirement: Requirement;
  reason: string;
}

/** What this machine lacks for a scenario; empty when it can run here. */
export function missingFor(scenario: Scenario): MissingRequirement[] {
  const needs = needsOf(scenario);
  const wanted = new Set<Requirement>(['linux', ...scenario.timeline.flatMap(({ kind }) => kind.requires)]);
  if (needs.has('cluster')) for (const one of ['postgres', 'redis'] as const) wanted.add(one);
  return [...wanted].flatMap((requirement) => {
    const reason = missing(requirement);
    return reason === null ? [] : [{ requirement, reason }];
  });
}
