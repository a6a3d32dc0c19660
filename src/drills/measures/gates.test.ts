import { expect, test } from 'vitest';
import type { GateName } from '../../contract/drill-report.ts';
import type { DrillRecord } from '../log/record.ts';
import { goodDrill, type Happening, recordsOfHappenings } from '../testing.ts';
import { gatesOf, verdictOf } from './gates.ts';
import { measureDrill } from './measure-drill.ts';

type Event = Happening[1];

function gatesAfter(sabotage: (happenings: Happening[]) => Happening[]) {
  const { facts, happenings } = goodDrill();
  const records: DrillRecord[] = recordsOfHappenings(facts, sabotage(happenings));
  return gatesOf(measureDrill({ records }));
}

const same = (happenings: Happening[]): Happening[] => happenings;
const without = (isGone: (event: Event, atMs: number) => boolean) => (happenings: Happening[]) =>
  happenings.filter(([atMs, event]) => !isGone(event, atMs));
const changed = (change: (event: Event, atMs: number) => object) => (happenings: Happening[]) =>
  happenings.map(([atMs, event]): Happening => [atMs, { ...event, ...change(event, atMs) } as Event]);
const of = (type: Event['type'], fields: object) => changed((event) => (event.type === type ? fields : {}));

test('a drill in which everything went well passes every gate that its scenario sets', () => {
  const gates = gatesAfter(same);
  expect(gates.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  expect(gates).toHaveLength(15);
  expect(verdictOf(gates)).toBe('pass');
});

const isProbe = (event: Event, atMs: number, from: number): boolean =>
  event.type === 'probe.answered' && atMs >= from;

const RED: [GateName, string, string, (happenings: Happening[]) => Happening[]][] = [
  [
    'faults-are-gone',
    'the fault is still there',
    'fault-left-behind',
    changed((event) => (event.type === 'fault' && event.step === 'cleared' ? { ok: false } : {})),
  ],
  [
    'mttd',
    'no alert tells of the fault',
    'alert-missed',
    without((event) => event.type === 'alert' && event.state === 'firing'),
  ],
  [
    'rto-service',
    'probes go on failing',
    'over',
    changed((event, atMs) => (isProbe(event, atMs, 2_000) && atMs < 4_500 ? { outcome: 'failed' } : {})),
  ],
  [
    'rto-service',
    'the service never comes back',
    'never-back',
    changed((event, atMs) => (isProbe(event, atMs, 2_000) ? { outcome: 'timeout' } : {})),
  ],
  ['rto-verified', 'a check fails', 'verification-failed', of('check', { ok: false })],
  ['rpo', 'a write is gone', 'over', of('read-back', { count: 0, sha256: null })],
  [
    'lost-writes',
    'a write came back with another content',
    'over',
    of('read-back', { sha256: 'b'.repeat(64) }),
  ],
  ['doubled-writes', 'a write is there twice', 'over', of('read-back', { count: 2 })],
  [
    'client-gap',
    'nothing succeeds for long',
    'over',
    changed((event, atMs) => (isProbe(event, atMs, 2_000) && atMs < 4_500 ? { outcome: 'failed' } : {})),
  ],
  [
    'stream-silence',
    'a stream falls silent',
    'over',
    changed((event) =>
      event.type === 'stream.tokens'
        ? {
            arrivals: [
              [1_950, 1, 1],
              [6_000, 2, 1],
            ],
          }
        : {},
    ),
  ],
  ['broken-tokens', 'tokens are cut', 'over', of('stream.ended', { cut: 2 })],
  ['broken-tokens', 'a stream cannot be followed', 'over', of('stream.ended', { status: 'lost' })],
  [
    'modes',
    'answers stay in a lesser mode',
    'over',
    changed((event, atMs) => (isProbe(event, atMs, 8_000) ? { mode: 'keyword-only' } : {})),
  ],
  ['integrity', 'a check fails', 'check-failed', of('check', { ok: false })],
  [
    'quality',
    'answers are worse afterwards',
    'worse',
    changed((event) =>
      event.type === 'evaluation' && event.role === 'after'
        ? { questions: event.questions.map((question) => ({ ...question, passed: false, score: 0 })) }
        : {},
    ),
  ],
];

test.each(RED)('%s is red when %s', (gate, _, code, sabotage) => {
  const gates = gatesAfter(sabotage);
  expect(gates.find((own) => own.gate === gate)).toMatchObject({ verdict: 'fail', reason: { code } });
  expect(verdictOf(gates)).toBe('fail');
});

const WITHOUT_DATA: [GateName, string, (event: Event, atMs: number) => boolean][] = [
  [
    'steady-state',
    'no probe before the fault',
    (event, atMs) => event.type === 'probe.answered' && atMs < 2_000,
  ],
  ['faults-were-there', 'nobody saw the fault', (event) => event.type === 'fault' && event.step === 'probed'],
  [
    'faults-are-gone',
    'nobody looked after the undo',
    (event) => event.type === 'fault' && event.step === 'cleared',
  ],
  ['mttd', 'nobody watched the alerts', (event) => event.type === 'alert'],
  ['rto-service', 'no probes', (event) => event.type === 'probe.answered'],
  ['rto-verified', 'nothing verified', (event) => event.type === 'check' || event.type === 'evaluation'],
  ['rpo', 'nothing read back', (event) => event.type === 'read-back'],
  ['lost-writes', 'one write not read back', (event) => event.type === 'read-back' && event.kind === 'file'],
  ['lost-writes', 'nothing acknowledged', (event) => event.type === 'write.acknowledged'],
  ['doubled-writes', 'nothing read back', (event) => event.type === 'read-back'],
  [
    'client-gap',
    'no success before the fault',
    (event, atMs) => event.type === 'probe.answered' && atMs < 2_000,
  ],
  ['stream-silence', 'no stream', (event) => event.type === 'stream.tokens'],
  ['broken-tokens', 'no stream', (event) => event.type === 'stream.ended'],
  ['modes', 'no probes', (event) => event.type === 'probe.answered'],
  ['integrity', 'nothing checked', (event) => event.type === 'check'],
  ['quality', 'no evaluation', (event) => event.type === 'evaluation'],
  ['quality', 'no control', (event) => event.type === 'evaluation' && event.role === 'control'],
];

test.each(WITHOUT_DATA)('%s is inconclusive, not green, with %s', (gate, _, isGone) => {
  const gates = gatesAfter(without(isGone));
  expect(gates.find((own) => own.gate === gate)?.verdict).toBe('inconclusive');
  expect(verdictOf(gates)).not.toBe('pass');
});

test('a target that was sick before the fault, or a drill that was broken off, proves nothing', () => {
  const sick = changed((event, atMs) =>
    event.type === 'probe.answered' && atMs < 1_000 ? { outcome: 'failed' } : {},
  );
  expect(gatesAfter(sick)[0]).toMatchObject({ gate: 'steady-state', verdict: 'inconclusive' });
  const stopped = gatesAfter((happenings) => [
    ...happenings,
    [9_200, { type: 'stopped', reason: 'somebody said so' }],
  ]);
  expect(verdictOf(stopped)).toBe('inconclusive');
});

test('nothing at all is no pass', () => {
  expect(verdictOf([])).toBe('inconclusive');
});
