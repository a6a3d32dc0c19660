/** Aids of the tests of drills. */

import { DrillLog } from './log/drill-log.ts';
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

/** A whole drill that passes every gate: a second without the service, and everything there again. */
export function goodDrill(): { facts: DrillFactsInput; happenings: Happening[] } {
  const plan = { objectiveMs: 50, timeoutMs: 1_000 };
  const facts = testFacts({
    objectives: {
      mttdMs: 1_000,
      rtoServiceMs: 2_000,
      rtoVerifiedMs: 4_000,
      rpoMs: 0,
      lostWrites: 0,
      gapMs: 1_500,
      streamSilenceP99Ms: 1_000,
      brokenTokens: 0,
      wrongModes: 0,
      qualityDelta: 0.03,
      integrity: true,
    },
    workload: {
      probes: { search: { everyMs: 100, ...plan }, 'sign-in': { everyMs: 500, ...plan } },
      questions: ['?'],
    },
    allowedModes: ['full', 'keyword-only'],
    pages: ['restart-service'],
  });
  const sha256 = 'a'.repeat(64);
  const questions = Array.from({ length: 40 }, (_, index) => ({ id: `q${index}`, passed: true, score: 1 }));
  const evaluation = (atMs: number, role: DrillEventOf<'evaluation'>['role']): Happening => [
    atMs,
    { type: 'evaluation', role, file: 'e.json', sha256, goldenSetSha256: sha256, questions, violations: [] },
  ];
  const arrivals = [1_900, 1_950, 2_700, 2_750].map((at, index): [number, number, number] => [at, index, 3]);
  const mode = { mode: 'full' };
  return {
    facts,
    happenings: [
      [1, { type: 'alert', alert: '', state: 'watching' }],
      [2, { type: 'system', when: 'before', values: { program: '1', documents: 12 } }],
      evaluation(3, 'before'),
      evaluation(4, 'control'),
      [5, { type: 'phase', phase: 'steady', edge: 'begin' }],
      ...probesOf('search', { everyMs: 100, untilMs: 9_000 }, (at) => at >= 2_000 && at < 3_000).map(
        ([atMs, event]): Happening => [atMs, { ...event, ...mode } as DrillEvent],
      ),
      ...probesOf('sign-in', { everyMs: 500, untilMs: 9_000 }),
      [900, { type: 'write.acknowledged', kind: 'file', id: 'f1', sentMs: 890, sha256 }],
      [1_900, { type: 'write.acknowledged', kind: 'message', id: 'm1', sentMs: 1_880, sha256 }],
      [1_999, { type: 'phase', phase: 'steady', edge: 'end' }],
      ...faultAt(2_000),
      [2_300, { type: 'alert', alert: 'api_down', state: 'firing' }],
      [2_750, { type: 'stream.tokens', probe: 's', arrivals }],
      [
        2_800,
        {
          type: 'stream.ended',
          probe: 's',
          status: 'completed',
          connections: 2,
          tokens: 4,
          duplicated: 0,
          cut: 0,
          textSha256: sha256,
          isWhole: true,
        },
      ],
      [4_000, { type: 'check', check: 'counts', ok: true, detail: '12 documents' }],
      evaluation(5_000, 'after'),
      [9_100, { type: 'read-back', kind: 'file', id: 'f1', count: 1, sha256 }],
      [9_110, { type: 'read-back', kind: 'message', id: 'm1', count: 1, sha256 }],
    ],
  };
}

/** The same as a real log in a real file. */
export async function writeDrill(
  path: string,
  { facts, happenings }: { facts: DrillFactsInput; happenings: readonly Happening[] },
): Promise<void> {
  await using log = new DrillLog(path, facts);
  for (const [atMs, event] of happenings) log.add(event, atMs);
}
