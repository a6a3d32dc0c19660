import { recordsOf } from '../log/read-log.ts';
import { firstFaultMs, type Injection, percentile, type Timeline } from './timeline.ts';

/** A stream that has been silent for so long is not flowing: what ails it came before. */
const FLOWING_MS = 500;

export interface StreamMeasures {
  /** One for each stream that was flowing when a fault came, and for each such fault. */
  silencesMs: readonly number[];
  p99Ms: number | null;
  longestMs: number | null;
  streams: number;
  resumed: number;
  duplicated: number;
  cut: number;
  /** Streams that nobody could follow to an end, or whose text is not what is stored. */
  broken: number;
  /** Streams of which nobody can tell whether they were whole. */
  unknown: number;
}

export function streamMeasures(timeline: Timeline): StreamMeasures {
  const { records, injections, endMs } = timeline;
  const ends = new Map(recordsOf(records, 'stream.ended').map((record) => [record.probe, record]));
  const times = new Map<string, number[]>();
  for (const { probe, arrivals } of recordsOf(records, 'stream.tokens'))
    times.set(probe, [...(times.get(probe) ?? []), ...arrivals.map(([atMs]) => atMs)]);
  const silencesMs = [...times].flatMap(([probe, own]) => {
    const end = ends.get(probe);
    // One that nobody could follow to its end was silent until it was given up.
    const isLost = end === undefined || end.status === 'lost';
    const all = isLost ? [...own, end?.atMs ?? endMs] : own;
    return injections.flatMap((injection, index) =>
      longestSilence(all, injection, injections[index + 1]?.beganMs ?? Number.POSITIVE_INFINITY),
    );
  });
  const faultMs = firstFaultMs(timeline) ?? 0;
  const ended = [...ends.values()].filter(({ atMs }) => atMs >= faultMs);
  const sum = (of: (record: (typeof ended)[number]) => number): number =>
    ended.reduce((total, record) => total + of(record), 0);
  return {
    silencesMs,
    p99Ms: silencesMs.length === 0 ? null : percentile(silencesMs, 0.99),
    longestMs: silencesMs.length === 0 ? null : Math.max(...silencesMs),
    streams: ended.length,
    resumed: ended.filter(({ connections }) => connections > 1).length,
    duplicated: sum(({ duplicated }) => duplicated),
    cut: sum(({ cut }) => cut),
    broken: ended.filter(({ status, isWhole }) => status === 'lost' || isWhole === false).length,
    unknown: ended.filter(({ status, isWhole }) => status !== 'lost' && isWhole === null).length,
  };
}

/**
 * Of a stream that was flowing when the fault came: the longest time without text that reaches beyond the fault and
 * began before the next one.
 */
export function longestSilence(
  times: readonly number[],
  { beganMs }: Pick<Injection, 'beganMs'>,
  untilMs: number,
): number[] {
  const before = times.findLast((time) => time <= beganMs);
  if (before === undefined || before < beganMs - FLOWING_MS || (times.at(-1) ?? 0) <= beganMs) return [];
  const gaps = times.slice(1).flatMap((time, index) => {
    const last = times[index] as number;
    return time > beganMs && last < untilMs ? [time - last] : [];
  });
  return [Math.max(...gaps)];
}
