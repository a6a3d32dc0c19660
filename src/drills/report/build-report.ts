import { basename } from 'node:path';
import { DRILL_REPORT_FORMAT, DRILL_REPORT_VERSION, type DrillReport } from '../../contract/drill-report.ts';
import type { ReadLog } from '../log/read-log.ts';
import { recordsOf } from '../log/read-log.ts';
import { bandOf } from '../measures/band.ts';
import { gatesOf, verdictOf } from '../measures/gates.ts';
import { type Measures, measureDrill } from '../measures/measure-drill.ts';
import { worstOutage } from '../measures/outage.ts';
import { percentile, type Timeline } from '../measures/timeline.ts';
import { tellTimeline } from './tell-timeline.ts';

export interface ReportParts {
  logFile: string;
  log: ReadLog;
  previous: DrillReport['previous'];
  previousReportSha256: string;
  findings: (
    gates: DrillReport['gates'],
    identity: DrillReport['identity'],
    due: string,
  ) => DrillReport['findings'];
  reporterVersion: string;
}

/** A pure function of the log and of what was reported before. */
export function buildReport({
  logFile,
  log,
  previous,
  previousReportSha256,
  findings,
  reporterVersion,
}: ReportParts): DrillReport {
  const measures = measureDrill(log);
  const { facts } = measures.timeline;
  const identity = identityOf(log, facts);
  const gates = gatesOf(measures);
  const { commander, operators, observers, approver } = facts.people;
  const dueMs = Date.parse(identity.ended_utc) + facts.findings.dueDays * 86_400_000;
  return {
    format: DRILL_REPORT_FORMAT,
    version: DRILL_REPORT_VERSION,
    identity,
    people: { commander: commander ?? null, operators, observers, approver: approver ?? null },
    system: {
      target: facts.target,
      before: valuesOf(log, 'before'),
      after: valuesOf(log, 'after'),
      reporter_version: reporterVersion,
    },
    stop_conditions: facts.stopConditions,
    verdict: verdictOf(gates),
    gates,
    results: resultsOf(measures),
    integrity: measures.integrity.checks.map(({ atMs, utc, check, ok, detail }) => ({
      at_ms: atMs,
      utc,
      check,
      ok,
      detail: detail ?? '',
    })),
    quality: reportedQuality(measures.quality),
    timeline: tellTimeline(log.records),
    manual_steps: recordsOf(log.records, 'manual').length,
    throughput: throughputOf(measures.timeline),
    faults: measures.timeline.injections.map((injection) => ({
      injection: injection.number,
      fault: injection.fault,
      target: injection.target,
      began_ms: injection.beganMs,
      undone_ms: injection.undoneMs,
      rto_ms:
        worstOutage(measures.outages.filter((outage) => outage.injection === injection.number))?.rtoMs ??
        null,
      was_there: injection.wasThere,
      is_gone: injection.isGone,
    })),
    findings: findings(gates, identity, new Date(dueMs).toISOString().slice(0, 10)),
    pages: facts.pages,
    previous,
    evidence: {
      log_file: basename(logFile),
      log_records: log.records.length,
      log_head_sha256: log.headSha256,
      log_is_torn: log.isTorn,
      previous_report_sha256: previousReportSha256,
    },
  };
}

function identityOf(log: ReadLog, facts: Timeline['facts']): DrillReport['identity'] {
  const { scenario, drillId, mode, scope, exclusions, seed } = facts;
  return {
    drill_id: drillId,
    scenario: scenario.name,
    title: scenario.title,
    proves: scenario.proves,
    hypothesis: scenario.hypothesis,
    plan_version: scenario.sha256,
    mode,
    scope,
    exclusions,
    seed,
    started_utc: log.records[0]?.utc ?? '',
    ended_utc: log.records.at(-1)?.utc ?? '',
  };
}

function valuesOf({ records }: ReadLog, when: 'before' | 'after'): DrillReport['system']['before'] {
  const own = recordsOf(records, 'system').filter((record) => record.when === when);
  return Object.assign({}, ...own.map(({ values }) => values)) as DrillReport['system']['before'];
}

function resultsOf(measures: Measures): DrillReport['results'] {
  const { detection, worst, rtoVerifiedMs, segments, losses, gaps, streams, modes, timeline } = measures;
  const rtoMs = rtoVerifiedMs ?? worst?.rtoMs ?? null;
  return {
    window_ms: timeline.facts.windowMs,
    mttd: {
      ms: detection.mttdMs,
      seen: detection.seen,
      missed: detection.missed,
      watched: detection.wasWatched,
    },
    rto_service_ms: worst?.rtoMs ?? null,
    rto_verified_ms: rtoVerifiedMs,
    segments: {
      detect_ms: segments.detectMs,
      decide_ms: segments.decideMs,
      execute_ms: segments.executeMs,
      verify_ms: segments.verifyMs,
    },
    rpo_ms: losses.rpoMs,
    writes: losses.byKind
      .filter(({ acknowledged, uncertain }) => acknowledged + uncertain > 0)
      .map(({ uncertainDone, ...own }) => ({ ...own, uncertain_done: uncertainDone })),
    loss_bound: losses.boundShare,
    gaps: gaps.map(({ kind, gapMs, fromMs, isOpen, successes }) => ({
      kind,
      ms: gapMs,
      from_ms: fromMs,
      open: isOpen,
      successes,
    })),
    streams: {
      followed: streams.streams,
      silences: streams.silencesMs.length,
      silence_p99_ms: streams.p99Ms,
      silence_max_ms: streams.longestMs,
      resumed: streams.resumed,
      duplicated: streams.duplicated,
      cut: streams.cut,
      broken: streams.broken,
      unknown: streams.unknown,
    },
    modes: {
      answers: modes.answers,
      seen: [...modes.seen],
      wrong: modes.wrong,
      degraded_ms: modes.degradedMs,
    },
    probes: probeFigures(timeline),
    band: losses.unread > 0 ? null : bandOf(rtoMs, losses.rpoMs, losses.lost),
  };
}

function probeFigures({ facts, kinds, probes }: Timeline): DrillReport['results']['probes'] {
  return kinds.map((kind) => {
    const own = probes.filter((probe) => probe.kind === kind);
    const answered = own.filter(({ isAnswered }) => isAnswered);
    const good = own.filter(({ isGood }) => isGood).length;
    const latencies = answered.map(({ plannedMs, answeredMs }) => Math.max(0, answeredMs - plannedMs));
    return {
      kind,
      sent: own.length,
      good,
      late: answered.length - good,
      failed: own.length - answered.length,
      latency_p50_ms: latencies.length === 0 ? null : percentile(latencies, 0.5),
      latency_p99_ms: latencies.length === 0 ? null : percentile(latencies, 0.99),
      every_ms: facts.workload.probes[kind]?.everyMs ?? 0,
      objective_ms: facts.workload.probes[kind]?.objectiveMs ?? 0,
    };
  });
}

function throughputOf({ probes, endMs }: Timeline): DrillReport['throughput'] {
  const seconds = Array.from({ length: Math.floor(endMs / 1_000) + 1 }, (_, second) => ({
    second,
    good: 0,
    bad: 0,
  }));
  for (const { plannedMs, isGood } of probes) {
    const row = seconds[Math.max(0, Math.floor(plannedMs / 1_000))];
    if (row !== undefined) row[isGood ? 'good' : 'bad']++;
  }
  return seconds;
}

function reportedQuality(quality: Measures['quality']): DrillReport['quality'] {
  if (quality === null) return null;
  return {
    golden_set: quality.goldenSet,
    pairs: quality.pairs,
    inconclusive: quality.inconclusive,
    before_passed: quality.beforePassed,
    after_passed: quality.afterPassed,
    difference: quality.difference,
    lower_bound: quality.lowerBound,
    mcnemar_p: quality.mcnemarP,
    control_difference: quality.controlDifference,
    control_lower_bound: quality.controlLowerBound,
    violations: [...quality.violations],
  };
}
