import { recordsOf } from '../log/read-log.ts';
import type { Outage } from './outage.ts';
import type { Timeline } from './timeline.ts';

export interface Detection {
  /** Mean of t_alert − t_fault over the faults that were seen; null where none was, or nobody watched the alerts. */
  mttdMs: number | null;
  seen: number;
  missed: number;
  wasWatched: boolean;
}

export function detectionOf({ records, injections, facts }: Timeline): Detection {
  const alerts = recordsOf(records, 'alert');
  const wanted = new Set(facts.expectedAlerts);
  const firing = alerts.filter(
    ({ state, alert }) => state === 'firing' && (wanted.size === 0 || wanted.has(alert)),
  );
  const times = injections.flatMap(({ beganMs }) => {
    const seen = firing.find(({ atMs }) => atMs >= beganMs);
    return seen === undefined ? [] : [seen.atMs - beganMs];
  });
  return {
    mttdMs: times.length === 0 ? null : times.reduce((sum, time) => sum + time, 0) / times.length,
    seen: times.length,
    missed: injections.length - times.length,
    wasWatched: alerts.length > 0,
  };
}

export interface Segments {
  detectMs: number | null;
  decideMs: number | null;
  executeMs: number | null;
  verifyMs: number | null;
}

/** The worst outage in four parts. One whose beginning or end nobody noted is null; together they are RTO_verified. */
export function segmentsOf(timeline: Timeline, outage: Outage | null, verifiedMs: number | null): Segments {
  if (outage === null) return { detectMs: null, decideMs: null, executeMs: null, verifyMs: null };
  const after = (kind: 'detected' | 'decided'): number | null =>
    recordsOf(timeline.records, 'milestone').find(
      ({ milestone, atMs }) => milestone === kind && atMs >= outage.faultMs,
    )?.atMs ?? null;
  const alert = recordsOf(timeline.records, 'alert').find(
    ({ state, atMs }) => state === 'firing' && atMs >= outage.faultMs,
  );
  const detectedMs = earliest(after('detected'), alert?.atMs ?? null);
  const decidedMs = after('decided');
  const between = (from: number | null, to: number | null): number | null =>
    from === null || to === null || to < from ? null : to - from;
  return {
    detectMs: between(outage.faultMs, detectedMs),
    decideMs: between(detectedMs, decidedMs),
    executeMs: between(decidedMs ?? detectedMs ?? outage.faultMs, outage.backMs),
    verifyMs: between(outage.backMs, verifiedMs),
  };
}

function earliest(...times: (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
