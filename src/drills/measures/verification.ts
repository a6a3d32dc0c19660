import { recordsOf } from '../log/read-log.ts';
import type { DrillRecordOf } from '../log/record.ts';
import { firstFaultMs, type Timeline } from './timeline.ts';

export interface Integrity {
  /** The last of each name since the first fault. */
  checks: readonly DrillRecordOf<'check'>[];
  /** Null where nothing was checked, or nobody could tell. */
  isSound: boolean | null;
  /** When the last of them passed; null while they have not. */
  soundMs: number | null;
}

export function integrityOf(timeline: Timeline): Integrity {
  const faultMs = firstFaultMs(timeline) ?? 0;
  const all = recordsOf(timeline.records, 'check').filter(({ atMs }) => atMs >= faultMs);
  const checks = [...new Map(all.map((record) => [record.check, record])).values()];
  if (checks.length === 0) return { checks, isSound: null, soundMs: null };
  if (checks.some(({ ok }) => ok === false)) return { checks, isSound: false, soundMs: null };
  if (checks.some(({ ok }) => ok === null)) return { checks, isSound: null, soundMs: null };
  // A check that passed and was repeated counts from its first pass after which it never failed again.
  const passedMs = checks.map(({ check }) => {
    const own = all.filter((record) => record.check === check);
    const lastBad = own.findLastIndex(({ ok }) => ok !== true);
    return own[lastBad + 1]?.atMs ?? Number.POSITIVE_INFINITY;
  });
  return { checks, isSound: true, soundMs: Math.max(...passedMs) };
}

/**
 * When everything that had to pass has passed: the service is back, and so is what integrity and quality say. Null where
 * one of them failed, or none was looked at.
 */
export function verifiedMs(
  timeline: Timeline,
  backMs: number | null,
  integrity: Integrity,
  quality: 'pass' | 'fail' | 'inconclusive' | null,
): number | null {
  if (backMs === null) return null;
  const wasChecked = integrity.checks.length > 0;
  if (!wasChecked && quality === null) return null;
  if (wasChecked && integrity.soundMs === null) return null;
  if (quality !== null && quality !== 'pass') return null;
  const evaluatedMs = recordsOf(timeline.records, 'evaluation').findLast(
    ({ role }) => role === 'after',
  )?.atMs;
  return Math.max(backMs, integrity.soundMs ?? 0, quality === null ? 0 : (evaluatedMs ?? 0));
}
