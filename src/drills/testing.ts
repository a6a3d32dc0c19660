/** Aids of the tests of drills. */
import { DrillFacts, type DrillFactsInput, type ProbeKind } from './log/facts.ts';
import type { DrillEvent, DrillEventOf, DrillRecord } from './log/record.ts';

export function testFacts(changes: Partial<DrillFactsInput> = {}): DrillFactsInput {
  const said = { zh: '测试', en: 'Test' };
  return {
    drillId: 'drill_test',
    scenario: { name: 'test', title: said, proves: said, hypothesis: said, sha256: 'a'.repeat(64) },
    objectives: {},
    windowMs: 1_000,
    workload: {
      probes: { search: { everyMs: 100, objectiveMs: 50, timeoutMs: 1_000 } },
      questions: ['?'],
    },
    mode: 'laboratory',
    target: { kind: 'budao', name: 'test' },
    seed: '1',
    ...changes,
  };
}

export type Happening = readonly [atMs: number, event: DrillEvent];

/** As a log would have it, without its chain. */
export function recordsOfHappenings(facts: DrillFactsInput, happenings: readonly Happening[]): DrillRecord[] {
  const first: Happening = [0, { type: 'drill', version: 1, originNs: '0', facts: DrillFacts.parse(facts) }];
  return [first, ...happenings].map(([atMs, event], index) => ({
    seq: index + 1,
    atMs,
    utc: new Date(Date.UTC(2026, 10, 21) + Math.max(0, Math.round(atMs))).toISOString(),
    previous: '0'.repeat(64),
    ...event,
  }));
}

/** Probes on their timetable, each answered 10 ms after it was planned, and well unless `isBad`. */
export function probesOf(
  kind: ProbeKind,
  times: { everyMs: number; untilMs: number },
  isBad: (plannedMs: number) => boolean = () => false,
): Happening[] {
  const count = Math.floor(times.untilMs / times.everyMs) + 1;
  return Array.from({ length: count }, (_, number): Happening => {
    const plannedMs = number * times.everyMs;
    const outcome = isBad(plannedMs) ? 'failed' : 'ok';
    const probe = `${kind}-${number}`;
    return [plannedMs + 10, { type: 'probe.answered', probe, kind, plannedMs, outcome, latencyMs: 10 }];
  });
}

/** A fault with all its steps; it begins and is complete at once. */
export function faultAt(atMs: number, undoneMs = atMs + 500, injection = 1): Happening[] {
  const step = (at: number, name: DrillEventOf<'fault'>['step']): Happening => [
    at,
    { type: 'fault', injection, fault: 'kill', target: 'api', step: name, ok: true },
  ];
  return [
    step(atMs, 'injecting'),
    step(atMs, 'injected'),
    step(atMs, 'probed'),
    step(undoneMs, 'undone'),
    step(undoneMs, 'cleared'),
  ];
}
