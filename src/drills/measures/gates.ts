/**
 * The gates of a drill. One without data is inconclusive, never passed; each says on how much it rests. Three hold in
 * every drill: it began in a steady state, its faults were really there, and they are gone.
 */
import type { DrillGate, GateName } from '../../contract/drill-report.ts';
import { recordsOf } from '../log/read-log.ts';
import type { Measures } from './measure-drill.ts';

export type Verdict = DrillGate['verdict'];
type Values = DrillGate['reason']['values'];

export function gatesOf(measures: Measures): DrillGate[] {
  return [...ownGates(measures), ...timeGates(measures), ...lossGates(measures), ...answerGates(measures)];
}

/** Failed when a gate failed; passed only when all did. */
export function verdictOf(gates: readonly DrillGate[]): Verdict {
  if (gates.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return gates.every(({ verdict }) => verdict === 'pass') && gates.length > 0 ? 'pass' : 'inconclusive';
}

function ownGates({ steady, timeline }: Measures): DrillGate[] {
  const { injections, records } = timeline;
  const there = injections.filter(({ wasThere }) => wasThere === true).length;
  const gone = injections.filter(({ isGone }) => isGone === true).length;
  const left = injections.filter(({ isGone }) => isGone === false).length;
  const stopped = recordsOf(records, 'stopped')[0];
  const n = injections.length;
  return [
    // A target that was sick before says nothing about what the fault did.
    holds('steady-state', steady.isSteady === true ? 'pass' : 'inconclusive', steady.probes, {
      code:
        steady.isSteady === null ? 'no-probes-before-fault' : steady.isSteady ? 'met' : 'sick-before-fault',
      values: { bad: steady.bad, probes: steady.probes },
    }),
    holds('faults-were-there', n > 0 && there === n ? 'pass' : 'inconclusive', n, {
      code: n === 0 ? 'no-fault' : there === n ? 'met' : 'fault-not-seen',
      values: { seen: there, faults: n },
    }),
    holds('faults-are-gone', left > 0 ? 'fail' : n > 0 && gone === n ? 'pass' : 'inconclusive', n, {
      code: left > 0 ? 'fault-left-behind' : n === 0 ? 'no-fault' : gone === n ? 'met' : 'undo-not-probed',
      values: { gone, faults: n },
    }),
    ...(stopped === undefined
      ? []
      : [holds('finished', 'inconclusive', 0, { code: 'stopped', values: { reason: stopped.reason } })]),
  ];
}

function timeGates(measures: Measures): DrillGate[] {
  const { objectives } = measures.timeline.facts;
  const { detection, worst, rtoVerifiedMs, gaps, streams, timeline } = measures;
  const sinceMs = worst === null ? 0 : Math.max(0, timeline.probedUntilMs - worst.faultMs);
  const neverBack = worst !== null && worst.backMs === null && timeline.kinds.length > 0;
  const gates: DrillGate[] = [];
  limit(gates, 'mttd', 'ms', objectives.mttdMs, {
    measured: detection.mttdMs,
    n: detection.seen + detection.missed,
    fails: detection.wasWatched && detection.missed > 0 ? 'alert-missed' : null,
    missing: detection.wasWatched ? 'no-alert' : 'alerts-not-watched',
    values: { seen: detection.seen, missed: detection.missed },
  });
  limit(gates, 'rto-service', 'ms', objectives.rtoServiceMs, {
    measured: worst?.rtoMs ?? null,
    n: measures.outages.length,
    // Longer than the objective is a failure even if nobody waited for the end.
    fails: neverBack && sinceMs > (objectives.rtoServiceMs ?? Infinity) ? 'never-back' : null,
    missing: neverBack ? 'not-back-while-watched' : 'no-probes-after-fault',
    values: { watchedMs: sinceMs, windowMs: timeline.facts.windowMs },
  });
  const wasUnsound = measures.integrity.isSound === false || measures.quality?.verdict === 'fail';
  limit(gates, 'rto-verified', 'ms', objectives.rtoVerifiedMs, {
    measured: rtoVerifiedMs,
    n: measures.integrity.checks.length + (measures.quality?.pairs ?? 0),
    fails: wasUnsound
      ? 'verification-failed'
      : neverBack && sinceMs > (objectives.rtoVerifiedMs ?? Infinity)
        ? 'never-back'
        : null,
    missing: 'not-verified',
    values: { watchedMs: sinceMs, windowMs: timeline.facts.windowMs },
  });
  const expected = timeline.kinds.filter((kind) => kind !== 'stream');
  const longest = gaps.reduce<(typeof gaps)[number] | null>(
    (worstGap, gap) => (worstGap === null || gap.gapMs > worstGap.gapMs ? gap : worstGap),
    null,
  );
  const allSeen = gaps.length === expected.length && gaps.length > 0;
  const isOver = longest !== null && longest.gapMs > (objectives.gapMs ?? Infinity);
  limit(gates, 'client-gap', 'ms', objectives.gapMs, {
    measured: allSeen || isOver ? (longest?.gapMs ?? null) : null,
    n: gaps.reduce((sum, { successes }) => sum + successes, 0),
    fails: null,
    missing: 'no-success-before-fault',
    values: { kind: longest?.kind ?? '' },
  });
  limit(gates, 'stream-silence', 'ms', objectives.streamSilenceP99Ms, {
    measured: streams.p99Ms,
    n: streams.silencesMs.length,
    fails: null,
    missing: 'no-stream-was-flowing',
    values: {},
  });
  return gates;
}

function lossGates({ losses, timeline }: Measures): DrillGate[] {
  const { objectives } = timeline.facts;
  const gates: DrillGate[] = [];
  const missing = losses.acknowledged === 0 ? 'nothing-acknowledged' : 'not-read-back';
  const isKnown = losses.acknowledged > 0 && losses.unread === 0;
  const n = losses.acknowledged - losses.unread;
  const values = { unread: losses.unread, acknowledged: losses.acknowledged };
  const shared = { n, fails: null, missing, values };
  const over = (measured: number | null, target: number | null | undefined): number | null =>
    isKnown || (measured ?? 0) > (target ?? Infinity) ? measured : null;
  limit(gates, 'rpo', 'ms', objectives.rpoMs, {
    measured: over(losses.rpoMs, objectives.rpoMs),
    ...shared,
  });
  limit(gates, 'lost-writes', 'count', objectives.lostWrites, {
    measured: over(losses.lost, objectives.lostWrites),
    ...shared,
  });
  // Nothing may be there twice, whatever may be lost.
  limit(gates, 'doubled-writes', 'count', objectives.lostWrites == null ? null : 0, {
    measured: over(losses.doubled, 0),
    ...shared,
  });
  return gates;
}

function answerGates({ streams, modes, integrity, quality, timeline }: Measures): DrillGate[] {
  const { objectives } = timeline.facts;
  const gates: DrillGate[] = [];
  const broken = streams.duplicated + streams.cut + streams.broken;
  const isKnown = streams.streams > 0 && streams.unknown === 0;
  limit(gates, 'broken-tokens', 'count', objectives.brokenTokens, {
    measured: isKnown || broken > (objectives.brokenTokens ?? Infinity) ? broken : null,
    n: streams.streams,
    fails: null,
    missing: streams.streams === 0 ? 'no-stream-ended' : 'wholeness-unknown',
    values: { unknown: streams.unknown },
  });
  limit(gates, 'modes', 'count', objectives.wrongModes, {
    measured: modes.answers === 0 ? null : modes.wrong,
    n: modes.answers,
    fails: null,
    missing: 'no-mode-declared',
    values: { modes: modes.seen.join(', ') },
  });
  if (objectives.integrity === true) {
    const { checks, isSound } = integrity;
    const bad = checks.filter(({ ok }) => ok === false).map(({ check }) => check);
    const unclear = checks.filter(({ ok }) => ok === null).map(({ check }) => check);
    const verdict = isSound === null ? 'inconclusive' : isSound ? 'pass' : 'fail';
    const code =
      checks.length === 0
        ? 'nothing-checked'
        : isSound === null
          ? 'check-unclear'
          : isSound
            ? 'met'
            : 'check-failed';
    gates.push(
      holds('integrity', verdict, checks.length, {
        code,
        values: { checks: [...bad, ...unclear].join(', ') },
      }),
    );
  }
  if (objectives.qualityDelta != null) gates.push(qualityGate(objectives.qualityDelta, quality));
  return gates;
}

function qualityGate(delta: number, quality: Measures['quality']): DrillGate {
  if (quality === null)
    return {
      ...holds('quality', 'inconclusive', 0, { code: 'not-evaluated', values: {} }),
      target: -delta,
      unit: 'share',
    };
  const { verdict, reason, pairs, lowerBound } = quality;
  return {
    ...holds('quality', verdict, pairs, { code: reason, values: { violations: quality.violations.length } }),
    target: -delta,
    measured: lowerBound,
    unit: 'share',
  };
}

interface Limited {
  measured: number | null;
  n: number;
  /** A reason to fail whatever was measured. */
  fails: string | null;
  /** Why there is no value. */
  missing: string;
  values: Values;
}

/** At most the target. A gate that the scenario does not set does not exist. */
function limit(
  gates: DrillGate[],
  gate: GateName,
  unit: DrillGate['unit'],
  target: number | null | undefined,
  { measured, n, fails, missing, values }: Limited,
): void {
  if (target === null || target === undefined) return;
  const isOver = measured !== null && measured > target;
  const verdict = fails !== null || isOver ? 'fail' : measured === null ? 'inconclusive' : 'pass';
  const code = fails ?? (measured === null ? missing : isOver ? 'over' : 'met');
  gates.push({ gate, verdict, target, measured, unit, n, reason: { code, values } });
}

function holds(gate: GateName, verdict: Verdict, n: number, reason: DrillGate['reason']): DrillGate {
  return { gate, verdict, target: null, measured: null, unit: 'none', n, reason };
}
