import type { ProbeKind } from '../log/facts.ts';
import { firstFaultMs, type Probe, type Timeline } from './timeline.ts';

export interface Outage {
  /** Of the fault that it followed. */
  injection: number;
  /** The fault; or, of an outage that came only after a window without a miss, the first probe that missed. */
  faultMs: number;
  /** Null where the service was not seen to be back before the probes ended. */
  backMs: number | null;
  rtoMs: number | null;
}

/**
 * RTO_service = t_s − t_fault for each fault, where t_s begins the first window in which all kinds of probes meet their
 * objective: every probe that is planned in it is answered rightly and in time, there is at least one of each kind, and
 * what had failed since the fault was seen to work again. Where no probe suffers at all, t_s is t_fault. An outage that
 * begins later, before the next fault, is one more, and no shorter for having been late.
 */
export function outagesOf(timeline: Timeline): Outage[] {
  const { injections, probes } = timeline;
  return injections.flatMap(({ number, beganMs }, index) => {
    const nextMs = injections[index + 1]?.beganMs ?? Number.POSITIVE_INFINITY;
    const outages: Outage[] = [];
    for (let faultMs: number | undefined = beganMs; faultMs !== undefined; ) {
      const backMs: number | null = backAfter(timeline, faultMs);
      outages.push({ injection: number, faultMs, backMs, rtoMs: backMs === null ? null : backMs - faultMs });
      if (backMs === null) break;
      faultMs = probes.find(
        (probe) =>
          probe.kind !== 'stream' && !probe.isGood && probe.plannedMs >= backMs && probe.plannedMs < nextMs,
      )?.plannedMs;
    }
    return outages;
  });
}

/** The longest one; one that never ended is longer than any other. */
export function worstOutage(outages: readonly Outage[]): Outage | null {
  return outages.reduce<Outage | null>((worst, outage) => {
    if (worst === null) return outage;
    return (outage.rtoMs ?? Infinity) > (worst.rtoMs ?? Infinity) ? outage : worst;
  }, null);
}

function backAfter(timeline: Timeline, faultMs: number): number | null {
  const { facts, kinds, probedUntilMs } = timeline;
  const probes = timeline.probes.filter(({ plannedMs }) => plannedMs >= faultMs);
  const candidates = [faultMs, ...probes.filter(({ isGood }) => isGood).map(({ answeredMs }) => answeredMs)];
  // Streams have measures of their own: whole answers last longer than any window.
  const byKind = kinds
    .filter((kind) => kind !== 'stream')
    .map((kind) => ({ kind, own: probes.filter((probe) => probe.kind === kind) }));
  if (byKind.length === 0) return null;
  for (const startMs of candidates.sort((left, right) => left - right)) {
    const endMs = startMs + facts.windowMs;
    if (endMs > probedUntilMs + longestPeriodMs(timeline)) return null;
    if (byKind.every(({ own }) => isBack(own, startMs, endMs))) return startMs;
  }
  return null;
}

function isBack(own: readonly Probe[], startMs: number, endMs: number): boolean {
  const inside = own.filter(({ plannedMs }) => plannedMs >= startMs && plannedMs < endMs);
  if (inside.length === 0 || inside.some(({ isGood }) => !isGood)) return false;
  const lastBad = own.findLast(({ plannedMs, isGood }) => plannedMs < startMs && !isGood);
  if (lastBad === undefined) return true;
  return own.some(
    ({ plannedMs, answeredMs, isGood }) => isGood && plannedMs > lastBad.plannedMs && answeredMs <= startMs,
  );
}

/** A window is over when the next probe would come after it. */
function longestPeriodMs({ facts, kinds }: Timeline): number {
  return Math.max(0, ...kinds.map((kind) => facts.workload.probes[kind]?.everyMs ?? 0));
}

export interface Gap {
  kind: ProbeKind;
  /** Longest interval between consecutive successes that reaches beyond the first fault, less the period. */
  gapMs: number;
  fromMs: number;
  /** Whether nothing succeeded any more, so that the gap is at least so long. */
  isOpen: boolean;
  successes: number;
}

/** Client gap of each kind but streams, whose measure is silence. A kind without a success before the fault has none. */
export function gapsOf(timeline: Timeline): Gap[] {
  const faultMs = firstFaultMs(timeline);
  if (faultMs === null) return [];
  return timeline.kinds.flatMap((kind) => {
    const everyMs = timeline.facts.workload.probes[kind]?.everyMs ?? 0;
    const times = timeline.probes
      .filter((probe) => probe.kind === kind && probe.isAnswered)
      .map(({ answeredMs }) => answeredMs)
      .sort((left, right) => left - right);
    const before = times.findLastIndex((time) => time <= faultMs);
    if (kind === 'stream' || before === -1) return [];
    const own = times.slice(before);
    const last = own.at(-1) as number;
    const ends = [...own.slice(1), Math.max(last, timeline.probedUntilMs)];
    const gaps = ends.map((end, index) => ({
      fromMs: own[index] as number,
      lengthMs: end - (own[index] as number),
    }));
    const longest = gaps.reduce((worst, gap) => (gap.lengthMs > worst.lengthMs ? gap : worst));
    const gapMs = Math.max(0, longest.lengthMs - everyMs);
    return [
      {
        kind,
        gapMs,
        fromMs: longest.fromMs,
        isOpen: longest.fromMs === last && gapMs > 0,
        successes: times.length,
      },
    ];
  });
}

/** Whether every kind of probe was met in time before the first fault: otherwise nothing was steady to compare with. */
export function steadyState(timeline: Timeline): { isSteady: boolean | null; probes: number; bad: number } {
  const faultMs = firstFaultMs(timeline) ?? Number.POSITIVE_INFINITY;
  const steady = timeline.records.find(
    (record) => record.type === 'phase' && record.phase === 'steady' && record.edge === 'begin',
  );
  const fromMs = steady?.atMs ?? 0;
  const own = timeline.probes.filter(
    ({ plannedMs, answeredMs }) => plannedMs >= fromMs && answeredMs < faultMs,
  );
  const bad = own.filter(({ isGood }) => !isGood).length;
  const seen = new Set(own.map(({ kind }) => kind));
  const missing = timeline.kinds.some((kind) => kind !== 'stream' && !seen.has(kind));
  return { isSteady: own.length === 0 || missing ? null : bad === 0, probes: own.length, bad };
}
