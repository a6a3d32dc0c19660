import type { ReadLog } from '../log/read-log.ts';
import { type Detection, detectionOf, type Segments, segmentsOf } from './detection.ts';
import { type Losses, lossesOf } from './losses.ts';
import { type Modes, modesOf } from './modes.ts';
import { type Gap, gapsOf, type Outage, outagesOf, steadyState, worstOutage } from './outage.ts';
import { type Quality, qualityOf } from './quality.ts';
import { type StreamMeasures, streamMeasures } from './streams.ts';
import { type Timeline, timelineOf } from './timeline.ts';
import { type Integrity, integrityOf, verifiedMs } from './verification.ts';

/** All that a log says, as plain figures. What it has no data for is null. */
export interface Measures {
  timeline: Timeline;
  steady: ReturnType<typeof steadyState>;
  outages: readonly Outage[];
  worst: Outage | null;
  detection: Detection;
  segments: Segments;
  rtoVerifiedMs: number | null;
  losses: Losses;
  gaps: readonly Gap[];
  streams: StreamMeasures;
  modes: Modes;
  integrity: Integrity;
  quality: Quality | null;
}

export function measureDrill(log: Pick<ReadLog, 'records'>): Measures {
  const timeline = timelineOf(log);
  const outages = outagesOf(timeline);
  const worst = worstOutage(outages);
  const allBackMs = outages.some(({ backMs }) => backMs === null)
    ? null
    : Math.max(...outages.map(({ backMs }) => backMs ?? 0));
  const integrity = integrityOf(timeline);
  const quality = qualityOf(timeline);
  const doneMs =
    worst === null ? null : verifiedMs(timeline, worst.backMs, integrity, quality?.verdict ?? null);
  return {
    timeline,
    steady: steadyState(timeline),
    outages,
    worst,
    detection: detectionOf(timeline),
    segments: segmentsOf(timeline, worst, doneMs),
    rtoVerifiedMs: worst === null || doneMs === null ? null : doneMs - worst.faultMs,
    losses: lossesOf(timeline),
    gaps: gapsOf(timeline),
    streams: streamMeasures(timeline),
    modes: modesOf(timeline, allBackMs),
    integrity,
    quality,
  };
}
