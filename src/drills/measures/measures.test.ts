import { expect, test } from 'vitest';
import { seededRandom } from '../../evaluation/compare/statistics.ts';
import type { DrillFactsInput } from '../log/facts.ts';
import type { DrillEvent, DrillEventOf } from '../log/record.ts';
import { faultAt, type Happening, probesOf, recordsOfHappenings, testFacts } from '../testing.ts';
import { bandOf } from './band.ts';
import { detectionOf, segmentsOf } from './detection.ts';
import { lossesOf } from './losses.ts';
import { measureDrill } from './measure-drill.ts';
import { modesOf } from './modes.ts';
import { qualityOf } from './quality.ts';
import { streamMeasures } from './streams.ts';
import { type Timeline, timelineOf } from './timeline.ts';

function drilled(happenings: readonly Happening[], changes: Partial<DrillFactsInput> = {}): Timeline {
  return timelineOf({ records: recordsOfHappenings(testFacts(changes), happenings) });
}

const hash = (letter: string): string => letter.repeat(64);
const acknowledged = (
  atMs: number,
  id: string,
  kind: DrillEventOf<'write.acknowledged'>['kind'] = 'file',
): Happening => [atMs, { type: 'write.acknowledged', kind, id, sentMs: atMs - 5, sha256: hash('a') }];
const found = (id: string, changes: Partial<DrillEventOf<'read-back'>> = {}): Happening => [
  9_000,
  { type: 'read-back', kind: 'file', id, count: 1, sha256: hash('a'), ...changes },
];

test('RPO is the age of the earliest lost write when the disaster was complete, and its count goes by kind', () => {
  const losses = lossesOf(
    drilled([
      acknowledged(1_000, 'kept'),
      acknowledged(1_200, 'gone'),
      acknowledged(1_500, 'altered'),
      acknowledged(1_800, 'key', 'permission'),
      ...faultAt(2_000),
      found('kept'),
      found('gone', { count: 0, sha256: null }),
      found('altered', { sha256: hash('b') }),
      found('key', { kind: 'permission', sha256: null }),
    ]),
  );
  expect(losses).toMatchObject({ acknowledged: 4, lost: 2, unread: 0, rpoMs: 800, boundShare: null });
  expect(losses.byKind.find(({ kind }) => kind === 'file')).toMatchObject({ acknowledged: 3, lost: 2 });
  expect(losses.byKind.find(({ kind }) => kind === 'permission')).toMatchObject({ acknowledged: 1, lost: 0 });
});

test('where nothing is lost, 3/n bounds the share that may be', () => {
  const writes = Array.from({ length: 60 }, (_, index) => acknowledged(1_000 + index, `f${index}`));
  const all = writes.map((_, index) => found(`f${index}`));
  expect(lossesOf(drilled([...writes, ...faultAt(2_000), ...all]))).toMatchObject({
    lost: 0,
    rpoMs: 0,
    boundShare: 0.05,
  });
});

test('what was not read back is neither kept nor lost', () => {
  const log = [acknowledged(1_000, 'a'), acknowledged(1_100, 'b'), ...faultAt(2_000)];
  expect(lossesOf(drilled([...log, found('a'), found('b', { count: null, sha256: null })]))).toMatchObject({
    lost: 0,
    unread: 1,
  });
  expect(lossesOf(drilled(log))).toMatchObject({ unread: 2, rpoMs: null, boundShare: null });
});

test('a write of unknown outcome may be there once, and not twice', () => {
  const unknown = (key: string): Happening => [
    1_000,
    { type: 'write.unknown', kind: 'file', key, sentMs: 990, sha256: hash('a') },
  ];
  const { byKind, doubled } = lossesOf(
    drilled([
      ...['done', 'not', 'twice'].map(unknown),
      ...faultAt(2_000),
      found('done', { sha256: null }),
      found('not', { count: 0, sha256: null }),
      found('twice', { count: 2, sha256: null }),
    ]),
  );
  expect(byKind[1]).toMatchObject({ uncertain: 3, uncertainDone: 2, doubled: 1, lost: 0 });
  expect(doubled).toBe(1);
});

const tokens = (probe: string, times: readonly number[]): Happening => [
  times.at(-1) as number,
  { type: 'stream.tokens', probe, arrivals: times.map((at, index) => [at, index, 3]) },
];
const ended = (
  atMs: number,
  probe: string,
  changes: Partial<DrillEventOf<'stream.ended'>> = {},
): Happening => [
  atMs,
  {
    type: 'stream.ended',
    probe,
    status: 'completed',
    connections: 1,
    tokens: 5,
    duplicated: 0,
    cut: 0,
    textSha256: hash('a'),
    isWhole: true,
    ...changes,
  },
];

test('silence is the longest time without text of a stream that was flowing, beyond the fault', () => {
  const timeline = drilled([
    ...faultAt(2_000),
    // 1,950 to 2,700: 750 ms. The wait before the fault does not count.
    tokens('flowing', [1_000, 1_900, 1_950, 2_700, 2_750]),
    ended(2_800, 'flowing', { connections: 2 }),
    // It was silent already, so that the fault is not to blame.
    tokens('silent', [1_000, 4_000]),
    ended(4_100, 'silent'),
    // Nobody ever heard of it again.
    tokens('lost', [1_980]),
    ended(7_000, 'lost', { status: 'lost', isWhole: null, cut: 0 }),
  ]);
  expect(streamMeasures(timeline)).toMatchObject({
    silencesMs: [750, 5_020],
    longestMs: 5_020,
    streams: 3,
    resumed: 1,
    broken: 1,
    unknown: 0,
  });
});

test('tokens that came twice or never, and texts that differ from what is stored, are counted', () => {
  const timeline = drilled([
    ...faultAt(2_000),
    ended(3_000, 'a', { duplicated: 2 }),
    ended(3_000, 'b', { cut: 3, isWhole: false }),
    ended(3_000, 'c', { isWhole: null }),
    ended(1_000, 'before the fault', { cut: 9 }),
  ]);
  expect(streamMeasures(timeline)).toMatchObject({
    streams: 3,
    duplicated: 2,
    cut: 3,
    broken: 1,
    unknown: 1,
  });
});

const alert = (atMs: number, name: string, state: 'watching' | 'firing'): Happening => [
  atMs,
  { type: 'alert', alert: name, state },
];

test('MTTD is the mean over the faults that an alert told of; misses are counted apart', () => {
  const log = [
    alert(0, '', 'watching'),
    ...faultAt(2_000, 2_500, 1),
    alert(2_300, 'api_down', 'firing'),
    ...faultAt(6_000, 6_500, 2),
    alert(6_500, 'api_down', 'firing'),
    ...faultAt(8_000, 8_500, 3),
  ];
  expect(detectionOf(drilled(log))).toEqual({ mttdMs: 400, seen: 2, missed: 1, wasWatched: true });
  expect(detectionOf(drilled(log, { expectedAlerts: ['disk_full'] }))).toMatchObject({
    mttdMs: null,
    missed: 3,
  });
  expect(detectionOf(drilled(faultAt(2_000))).wasWatched).toBe(false);
});

test('the segments of an outage add up to the verified RTO', () => {
  const timeline = drilled([
    alert(2_300, 'api_down', 'firing'),
    ...faultAt(2_000),
    [2_800, { type: 'milestone', milestone: 'decided', actor: 'operator' }],
  ]);
  const outage = { injection: 1, faultMs: 2_000, backMs: 4_000, rtoMs: 2_000 };
  expect(segmentsOf(timeline, outage, 4_500)).toEqual({
    detectMs: 300,
    decideMs: 500,
    executeMs: 1_200,
    verifyMs: 500,
  });
});

const answer = (atMs: number, mode: string): Happening => [
  atMs,
  {
    type: 'probe.answered',
    probe: `p${atMs}`,
    kind: 'search',
    plannedMs: atMs - 10,
    outcome: 'ok',
    latencyMs: 10,
    mode,
  },
];

test('a lesser mode is right only where the scenario allows it and until the service is back', () => {
  const log = [
    answer(1_000, 'full'),
    ...faultAt(2_000),
    answer(2_500, 'keyword-only'),
    answer(3_000, 'extractive'),
    answer(3_500, 'full'),
    answer(5_000, 'keyword-only'),
    answer(5_400, 'full'),
  ];
  const modes = modesOf(drilled(log, { allowedModes: ['full', 'keyword-only'] }), 4_000);
  // One that is not allowed, and one after the service was back. Degraded from 2.5 to 3.5 s and from 5 to 5.4 s.
  expect(modes).toEqual({
    answers: 6,
    seen: ['extractive', 'full', 'keyword-only'],
    wrong: 2,
    degradedMs: 1_400,
  });
});

const evaluation = (
  role: DrillEventOf<'evaluation'>['role'],
  passedOf: (index: number) => boolean | null,
  changes: Partial<DrillEventOf<'evaluation'>> = {},
): Happening => [
  8_000,
  {
    type: 'evaluation',
    role,
    file: 'e.json',
    sha256: hash('e'),
    goldenSetSha256: hash('0'),
    questions: Array.from({ length: 40 }, (_, index) => {
      const passed = passedOf(index);
      return { id: `q${index}`, passed, score: passed === null ? null : Number(passed) };
    }),
    violations: [],
    ...changes,
  },
];

test.each([
  ['pass', 'met', evaluation('control', () => true), evaluation('after', () => true)],
  ['fail', 'worse', evaluation('control', () => true), evaluation('after', (index) => index >= 8)],
  [
    'inconclusive',
    'too-few-questions',
    evaluation('control', () => true),
    evaluation('after', (index) => index >= 2),
  ],
  ['inconclusive', 'noise', evaluation('control', (index) => index >= 6), evaluation('after', () => true)],
  ['inconclusive', 'no-control', null, evaluation('after', () => true)],
  ['inconclusive', 'no-pairs', evaluation('control', () => true), evaluation('after', () => null)],
  [
    'inconclusive',
    'other-golden-set',
    evaluation('control', () => true),
    evaluation('after', () => true, { goldenSetSha256: hash('9') }),
  ],
  [
    'fail',
    'violation',
    evaluation('control', () => true),
    evaluation('after', () => true, { violations: ['q1 leaked'] }),
  ],
])('quality is %s for the reason %s', (verdict, reason, control, after) => {
  const before = evaluation('before', () => true);
  const log = [before, ...(control === null ? [] : [control]), ...faultAt(2_000), after];
  expect(qualityOf(drilled(log))).toMatchObject({ verdict, reason });
});

test('a recovery is verified when the last of service, integrity and quality has passed', () => {
  const check = (atMs: number, name: string, ok: boolean | null): Happening => [
    atMs,
    { type: 'check', check: name, ok },
  ];
  const log = (...checks: Happening[]): Happening[] => [
    ...probesOf('search', { everyMs: 100, untilMs: 9_000 }, (at) => at >= 2_000 && at < 3_000),
    ...faultAt(2_000),
    ...checks,
  ];
  const verified = (...checks: Happening[]): number | null =>
    measureDrill({ records: recordsOfHappenings(testFacts(), log(...checks)) }).rtoVerifiedMs;
  expect(verified(check(2_500, 'counts', true), check(4_000, 'blobs', true))).toBe(2_000);
  expect(verified(check(2_500, 'counts', true))).toBe(1_010);
  expect(verified(check(3_500, 'counts', false), check(5_000, 'counts', true))).toBe(3_000);
  expect(verified(check(4_000, 'counts', false))).toBeNull();
  expect(verified(check(4_000, 'counts', null))).toBeNull();
  expect(verified()).toBeNull();
});

test('a band is the highest that holds both RTO and RPO, and the highest of all loses nothing', () => {
  const minute = 60_000;
  expect(bandOf(3 * minute, 0, 0)).toBe(6);
  expect(bandOf(3 * minute, 0, 1)).toBe(5);
  expect(bandOf(3 * minute, 20 * minute, 4)).toBe(5);
  expect(bandOf(3 * minute, 60 * minute, 4)).toBe(4);
  expect(bandOf(72 * 60 * minute, 60 * minute, 4)).toBe(3);
  expect(bandOf(3 * minute, 100 * 60 * minute, 4)).toBe(1);
  expect(bandOf(null, 0, 0)).toBeNull();
});

test('no figure depends on when the clock began or in which order records were written', () => {
  const workload = {
    probes: { search: { everyMs: 100, objectiveMs: 50, timeoutMs: 1_000 } },
    questions: ['?'],
  };
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const happenings = randomDrill(random);
    const shifted = happenings.map(([atMs, event]): Happening => [atMs + 5_000, later(event, 5_000)]);
    const shuffled = happenings.toSorted(() => random() - 0.5);
    const figures = (own: readonly Happening[]): unknown => {
      const measures = measureDrill({ records: recordsOfHappenings(testFacts({ workload }), own) });
      const { worst, losses, gaps, streams, rtoVerifiedMs } = measures;
      return {
        rto: round(worst?.rtoMs),
        verified: round(rtoVerifiedMs),
        losses: { ...losses, rpoMs: round(losses.rpoMs) },
        gaps: gaps.map(({ kind, gapMs }) => [kind, round(gapMs)]),
        streams: { ...streams, silencesMs: streams.silencesMs.map(round).toSorted() },
      };
    };
    expect(figures(shifted), `seed ${seed}`).toEqual(figures(happenings));
    expect(figures(shuffled), `seed ${seed}`).toEqual(figures(happenings));
  }
});

const round = (value: number | null | undefined): number | null => (value == null ? null : Math.round(value));

/** Outages, losses and silences wherever chance puts them. */
function randomDrill(random: () => number): Happening[] {
  const faultMs = 2_000 + Math.floor(random() * 2_000);
  const backMs = faultMs + Math.floor(random() * 3_000);
  const writes = Array.from({ length: 20 }, (_, index) => acknowledged(500 + index * 150, `w${index}`));
  return [
    ...probesOf('search', { everyMs: 100, untilMs: 12_000 }, (at) => at >= faultMs && at < backMs),
    ...faultAt(faultMs),
    ...writes,
    ...writes.map((_, index) => found(`w${index}`, random() < 0.2 ? { count: 0, sha256: null } : {})),
    tokens('s', [faultMs - 300, faultMs - 20, faultMs + Math.floor(random() * 900), faultMs + 1_000]),
    ended(faultMs + 1_100, 's'),
    [backMs + 100, { type: 'check', check: 'counts', ok: random() < 0.8 }],
  ];
}

function later(event: DrillEvent, byMs: number): DrillEvent {
  if (event.type === 'probe.answered' || event.type === 'probe.sent')
    return { ...event, plannedMs: event.plannedMs + byMs };
  if (event.type !== 'stream.tokens') return event;
  return { ...event, arrivals: event.arrivals.map(([at, sequence, size]) => [at + byMs, sequence, size]) };
}
