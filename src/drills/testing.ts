/** Aids of the tests of drills. */
import type { DrillFactsInput } from './log/facts.ts';

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
