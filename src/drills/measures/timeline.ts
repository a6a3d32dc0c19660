/** The log of a drill as the measures read it: probes, faults and phases in the order of the clock. */
import type { DrillFacts, ProbeKind } from '../log/facts.ts';
import type { ReadLog } from '../log/read-log.ts';
import { recordsOf } from '../log/read-log.ts';
import type { DrillRecord, DrillRecordOf } from '../log/record.ts';

export interface Probe {
  id: string;
  kind: ProbeKind;
  plannedMs: number;
  answeredMs: number;
  /** Answered rightly. */
  isAnswered: boolean;
  /** Answered rightly, and as soon as the objective says. */
  isGood: boolean;
  mode: string | null;
}

export interface Injection {
  number: number;
  fault: string;
  target: string;
  /** When the injection began: what is measured from here is never flattered. */
  beganMs: number;
  injectedMs: number;
  /** Whether the fault was seen to be there, and to be gone; null where nobody looked. */
  wasThere: boolean | null;
  isGone: boolean | null;
  undoneMs: number | null;
}

export interface Timeline {
  facts: DrillFacts;
  records: readonly DrillRecord[];
  probes: readonly Probe[];
  injections: readonly Injection[];
  /** Of the kinds that were really probed. */
  kinds: readonly ProbeKind[];
  /** When the last probe was planned: what came later nobody has seen. */
  probedUntilMs: number;
  endMs: number;
}

export function timelineOf({ records }: Pick<ReadLog, 'records'>): Timeline {
  const drill = recordsOf(records, 'drill')[0];
  if (drill === undefined) throw new Error('a log begins with its drill');
  const { facts } = drill;
  const endMs = Math.max(...records.map(({ atMs }) => atMs));
  const probes = probesOf(records, facts, endMs);
  return {
    facts,
    records,
    probes,
    injections: injectionsOf(records),
    kinds: (Object.keys(facts.workload.probes) as ProbeKind[]).sort(),
    probedUntilMs: Math.max(0, ...probes.map(({ plannedMs }) => plannedMs)),
    endMs,
  };
}

/** A probe that was sent and of which nothing more is known has failed, unless the log ends before its time was over. */
function probesOf(records: readonly DrillRecord[], facts: DrillFacts, endMs: number): Probe[] {
  const answered = recordsOf(records, 'probe.answered');
  const known = new Set(answered.map(({ probe }) => probe));
  const silent = recordsOf(records, 'probe.sent').filter(({ probe }) => !known.has(probe));
  const timeoutMs = (kind: ProbeKind): number => facts.workload.probes[kind]?.timeoutMs ?? 0;
  return [
    ...answered.map((record): Probe => {
      const objectiveMs = facts.workload.probes[record.kind]?.objectiveMs ?? Number.POSITIVE_INFINITY;
      const isAnswered = record.outcome === 'ok';
      return {
        id: record.probe,
        kind: record.kind,
        plannedMs: record.plannedMs,
        answeredMs: record.atMs,
        isAnswered,
        isGood: isAnswered && record.latencyMs <= objectiveMs,
        mode: record.mode ?? null,
      };
    }),
    ...silent.flatMap(({ probe, kind, plannedMs }): Probe[] => {
      const answeredMs = plannedMs + timeoutMs(kind);
      if (answeredMs > endMs) return [];
      return [{ id: probe, kind, plannedMs, answeredMs, isAnswered: false, isGood: false, mode: null }];
    }),
  ].sort((left, right) => left.plannedMs - right.plannedMs || left.answeredMs - right.answeredMs);
}

function injectionsOf(records: readonly DrillRecord[]): Injection[] {
  const steps = recordsOf(records, 'fault');
  return [...new Set(steps.map(({ injection }) => injection))].map((number) => {
    const own = steps.filter(({ injection }) => injection === number);
    const first = own[0] as DrillRecordOf<'fault'>;
    const last = (step: string): DrillRecordOf<'fault'> | undefined =>
      own.findLast((record) => record.step === step);
    const beganMs = last('injecting')?.atMs ?? first.atMs;
    return {
      number,
      fault: first.fault,
      target: first.target,
      beganMs,
      injectedMs: last('injected')?.atMs ?? beganMs,
      wasThere: last('probed')?.ok ?? null,
      isGone: last('cleared')?.ok ?? null,
      undoneMs: last('undone')?.atMs ?? null,
    };
  });
}

/** When the first fault came, which every measure begins with; null in a drill without faults. */
export function firstFaultMs({ injections }: Timeline): number | null {
  return injections.length === 0 ? null : Math.min(...injections.map(({ beganMs }) => beganMs));
}

/** As the rule of the nearest rank has it, from above; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
