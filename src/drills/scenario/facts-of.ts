/** What the log and the report of a drill are told of its scenario. */
import { expectedAnswer } from '../laboratory/models.ts';
import type { DrillFactsInput } from '../log/facts.ts';
import { formatDuration } from './duration.ts';
import type { Scenario } from './parse-scenario.ts';

export interface People {
  commander: string | null;
  approver: string | null;
}

export function factsOf(
  scenario: Scenario,
  drill: { drillId: string; targetName: string; seed: string; people: People },
): DrillFactsInput {
  const { name, title, proves, hypothesis, sha256, objectives, workload, laboratory, stop } = scenario;
  const whole = laboratory.model === null ? null : expectedAnswer(laboratory.model.tokens);
  return {
    drillId: drill.drillId,
    scenario: { name, title, proves, hypothesis, sha256 },
    objectives: {
      mttdMs: objectives.mttd ?? null,
      rtoServiceMs: objectives.rto ?? null,
      rtoVerifiedMs: objectives.rtoVerified ?? null,
      rpoMs: objectives.rpo ?? null,
      lostWrites: objectives.lostWrites ?? null,
      gapMs: objectives.gap ?? null,
      streamSilenceP99Ms: objectives.streamSilenceP99 ?? null,
      brokenTokens: objectives.brokenTokens ?? null,
      wrongModes: objectives.wrongModes ?? null,
      qualityDelta: objectives.qualityLoss ?? null,
      integrity: objectives.integrity ?? null,
    },
    windowMs: scenario.window,
    workload: { ...workload, expectedAnswer: whole },
    allowedModes: scenario.allowedModes,
    expectedAlerts: scenario.expectedAlerts,
    pages: scenario.pages,
    mode: 'laboratory',
    target: { kind: 'budao', name: drill.targetName },
    scope: 'a laboratory of its own: processes, ports, folders and networks that nothing else uses',
    exclusions: ['the live installation'],
    people: { commander: drill.people.commander, approver: drill.people.approver },
    stopConditions: [
      `the drill lasts longer than ${formatDuration(stop.drillLasts)}`,
      `no probe succeeds for ${formatDuration(stop.outageLasts)} without a fault in force`,
      `less than ${stop.diskFreeBelowMb} MB are free`,
    ],
    seed: drill.seed,
  };
}
