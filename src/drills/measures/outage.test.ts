import { expect, test } from 'vitest';
import { faultAt, type Happening, probesOf, recordsOfHappenings, testFacts } from '../testing.ts';
import { gapsOf, outagesOf, steadyState } from './outage.ts';
import { type Timeline, timelineOf } from './timeline.ts';

const PLAN = { objectiveMs: 50, timeoutMs: 1_000 };
const SEARCH = { everyMs: 100, untilMs: 9_000 };
const SIGN_IN = { everyMs: 500, untilMs: 9_000 };

/** Windows of 1 s; the fault comes at 2 s. */
function drilled(...happenings: Happening[][]): Timeline {
  const workload = {
    probes: { search: { everyMs: 100, ...PLAN }, 'sign-in': { everyMs: 500, ...PLAN } },
    questions: ['?'],
  };
  return timelineOf({ records: recordsOfHappenings(testFacts({ workload }), happenings.flat()) });
}

const between = (from: number, to: number) => (plannedMs: number) => plannedMs >= from && plannedMs < to;
const rtoOf = (timeline: Timeline): (number | null)[] => outagesOf(timeline).map(({ rtoMs }) => rtoMs);

test('the service is back with the first success after which a whole window meets its objective', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(2_000, 3_000)),
    probesOf('sign-in', SIGN_IN),
  );
  // The first good search is planned at 3.0 s and answered at 3.01 s.
  expect(rtoOf(timeline)).toEqual([1_010]);
});

test('a miss within the window puts the return off', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, (at) => between(2_000, 3_000)(at) || at === 3_500),
    probesOf('sign-in', SIGN_IN),
  );
  expect(rtoOf(timeline)).toEqual([1_610]);
});

test('the slowest kind of probe decides', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(2_000, 3_000)),
    probesOf('sign-in', SIGN_IN, between(2_000, 3_500)),
  );
  expect(rtoOf(timeline)).toEqual([1_510]);
});

test('what no probe noticed took no time', () => {
  expect(rtoOf(drilled(faultAt(2_000), probesOf('search', SEARCH), probesOf('sign-in', SIGN_IN)))).toEqual([
    0,
  ]);
});

test('an answer that comes late is a miss', () => {
  const late: Happening = [
    2_900,
    {
      type: 'probe.answered',
      probe: 'late',
      kind: 'search',
      plannedMs: 2_500,
      outcome: 'ok',
      latencyMs: 400,
    },
  ];
  const timeline = drilled(faultAt(2_000), probesOf('search', SEARCH), probesOf('sign-in', SIGN_IN), [late]);
  expect(rtoOf(timeline)).toEqual([610]);
});

test('a probe of which nothing more is heard has failed', () => {
  const sent: Happening = [2_500, { type: 'probe.sent', probe: 'unheard', kind: 'search', plannedMs: 2_500 }];
  const timeline = drilled(faultAt(2_000), probesOf('search', SEARCH), probesOf('sign-in', SIGN_IN), [sent]);
  expect(rtoOf(timeline)).toEqual([610]);
});

test('who is not back while anybody looks has no RTO', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(2_000, 8_500)),
    probesOf('sign-in', SIGN_IN),
  );
  expect(rtoOf(timeline)).toEqual([null]);
});

test('an outage that begins only later is measured from its first miss', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(5_000, 6_000)),
    probesOf('sign-in', SIGN_IN),
  );
  expect(rtoOf(timeline)).toEqual([0, 1_010]);
});

test('a kind that is planned and never probed leaves no window whole', () => {
  expect(rtoOf(drilled(faultAt(2_000), probesOf('search', SEARCH)))).toEqual([null]);
});

test('a client gap is the longest interval between successes, less the period', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(2_000, 3_000)),
    probesOf('sign-in', SIGN_IN),
  );
  // Successes at 1.91 s and 3.01 s.
  expect(gapsOf(timeline)).toEqual([
    { kind: 'search', gapMs: 1_000, fromMs: 1_910, isOpen: false, successes: 81 },
    { kind: 'sign-in', gapMs: 0, fromMs: 1_510, isOpen: false, successes: 19 },
  ]);
});

test('a gap that nobody saw the end of is open, and at least as long as was looked', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(2_000, 10_000)),
    probesOf('sign-in', SIGN_IN),
  );
  expect(gapsOf(timeline)[0]).toMatchObject({ gapMs: 9_000 - 1_910 - 100, isOpen: true });
});

test('a kind that never succeeded before the fault has no gap to tell of', () => {
  const timeline = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(0, 3_000)),
    probesOf('sign-in', SIGN_IN),
  );
  expect(gapsOf(timeline).map(({ kind }) => kind)).toEqual(['sign-in']);
});

test('a miss before the fault means that nothing was steady', () => {
  const sick = drilled(
    faultAt(2_000),
    probesOf('search', SEARCH, between(1_000, 1_100)),
    probesOf('sign-in', SIGN_IN),
  );
  expect(steadyState(sick)).toEqual({ isSteady: false, probes: 24, bad: 1 });
  expect(steadyState(drilled(faultAt(2_000), probesOf('search', SEARCH))).isSteady).toBeNull();
});
