/** What a drill showed: measured values with their data, gates with their verdicts, findings, and the evidence. */
import { z } from 'zod';

export const DRILL_REPORT_FORMAT = 'budao-drill-report';
export const DRILL_REPORT_VERSION = 1;

const Verdict = z.enum(['pass', 'fail', 'inconclusive']);
/** Milliseconds; null where there is no data. */
const Measured = z.number().nonnegative().nullable();
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Bilingual = z.object({ zh: z.string(), en: z.string() });
const KnownValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const GATES = [
  'steady-state',
  'faults-were-there',
  'faults-are-gone',
  'finished',
  'mttd',
  'rto-service',
  'rto-verified',
  'rpo',
  'lost-writes',
  'doubled-writes',
  'client-gap',
  'stream-silence',
  'broken-tokens',
  'modes',
  'integrity',
  'quality',
] as const;
export type GateName = (typeof GATES)[number];

export const DrillGate = z.object({
  gate: z.enum(GATES),
  verdict: Verdict,
  /** In the unit; null for a gate that holds or does not. */
  target: z.number().nullable(),
  measured: z.number().nullable(),
  unit: z.enum(['ms', 'count', 'share', 'none']),
  /** Trials, writes, streams or questions that the verdict rests on. */
  n: z.int().nonnegative(),
  /** Why, as a stable word with its figures; reports say it in their language. */
  reason: z.object({ code: z.string(), values: z.record(z.string(), z.union([z.string(), z.number()])) }),
});
export type DrillGate = z.infer<typeof DrillGate>;

const Timed = { at_ms: z.number(), utc: z.iso.datetime() };

export const DrillFinding = z.object({
  /** The same in every drill of the scenario: `scenario/gate`. */
  key: z.string(),
  gate: z.enum(GATES),
  severity: z.enum(['high', 'medium']),
  /** Open since this drill. */
  since: z.object({ drill_id: z.string(), utc: z.iso.datetime() }),
  owner: z.string().nullable(),
  due: z.iso.date(),
  status: z.enum(['open', 'closed']),
  /** The drill that passed again. */
  retest: z.string().nullable(),
});
export type DrillFinding = z.infer<typeof DrillFinding>;

export const DrillReport = z
  .object({
    format: z.literal(DRILL_REPORT_FORMAT),
    version: z.literal(DRILL_REPORT_VERSION),
    identity: z.object({
      drill_id: z.string(),
      scenario: z.string(),
      title: Bilingual,
      proves: Bilingual,
      hypothesis: Bilingual,
      /** SHA-256 of the scenario's text. */
      plan_version: z.string(),
      mode: z.enum(['laboratory', 'live', 'external', 'simulated']),
      scope: z.string(),
      exclusions: z.array(z.string()),
      seed: z.string(),
      started_utc: z.iso.datetime(),
      ended_utc: z.iso.datetime(),
    }),
    people: z.object({
      commander: z.string().nullable(),
      operators: z.array(z.string()),
      observers: z.array(z.string()),
      approver: z.string().nullable(),
    }),
    system: z.object({
      target: z.object({ kind: z.string(), name: z.string() }),
      before: z.record(z.string(), KnownValue),
      after: z.record(z.string(), KnownValue),
      reporter_version: z.string(),
    }),
    stop_conditions: z.array(z.string()),
    verdict: Verdict,
    gates: z.array(DrillGate),
    results: z.object({
      window_ms: z.number(),
      mttd: z.object({ ms: Measured, seen: z.int(), missed: z.int(), watched: z.boolean() }),
      rto_service_ms: Measured,
      rto_verified_ms: Measured,
      segments: z.object({
        detect_ms: Measured,
        decide_ms: Measured,
        execute_ms: Measured,
        verify_ms: Measured,
      }),
      rpo_ms: Measured,
      writes: z.array(
        z.object({
          kind: z.string(),
          acknowledged: z.int(),
          lost: z.int(),
          doubled: z.int(),
          uncertain: z.int(),
          uncertain_done: z.int(),
          unread: z.int(),
        }),
      ),
      /** Upper bound of the share that is lost, with 95 % confidence, where nothing was: 3/n. */
      loss_bound: z.number().nullable(),
      gaps: z.array(
        z.object({
          kind: z.string(),
          ms: z.number(),
          from_ms: z.number(),
          open: z.boolean(),
          successes: z.int(),
        }),
      ),
      streams: z.object({
        followed: z.int(),
        silences: z.int(),
        silence_p99_ms: Measured,
        silence_max_ms: Measured,
        resumed: z.int(),
        duplicated: z.int(),
        cut: z.int(),
        broken: z.int(),
        unknown: z.int(),
      }),
      modes: z.object({
        answers: z.int(),
        seen: z.array(z.string()),
        wrong: z.int(),
        degraded_ms: z.number(),
      }),
      probes: z.array(
        z.object({
          kind: z.string(),
          sent: z.int(),
          good: z.int(),
          late: z.int(),
          failed: z.int(),
          latency_p50_ms: Measured,
          latency_p99_ms: Measured,
          every_ms: z.number(),
          objective_ms: z.number(),
        }),
      ),
      /** The level of GB/T 20988-2007 within whose band RTO and RPO lie; never a claim that the level is met. */
      band: z.int().min(1).max(6).nullable(),
    }),
    integrity: z.array(
      z.object({ ...Timed, check: z.string(), ok: z.boolean().nullable(), detail: z.string() }),
    ),
    quality: z
      .object({
        golden_set: z.string(),
        pairs: z.int(),
        inconclusive: z.int(),
        before_passed: z.int(),
        after_passed: z.int(),
        /** Mean paired difference of the scores, and the lower 95 % bound. */
        difference: z.number().nullable(),
        lower_bound: z.number().nullable(),
        mcnemar_p: z.number().nullable(),
        /** The same between two evaluations without a fault. */
        control_difference: z.number().nullable(),
        control_lower_bound: z.number().nullable(),
        violations: z.array(z.string()),
      })
      .nullable(),
    timeline: z.array(
      z.object({
        ...Timed,
        actor: z.string(),
        kind: z.enum([
          'phase',
          'fault',
          'alert',
          'milestone',
          'manual',
          'check',
          'evaluation',
          'note',
          'stopped',
        ]),
        action: z.string(),
        result: z.string(),
      }),
    ),
    manual_steps: z.int(),
    /** For pictures: good and bad probes of each second. */
    throughput: z.array(z.object({ second: z.int(), good: z.int(), bad: z.int() })),
    faults: z.array(
      z.object({
        injection: z.int(),
        fault: z.string(),
        target: z.string(),
        began_ms: z.number(),
        undone_ms: z.number().nullable(),
        rto_ms: Measured,
        was_there: z.boolean().nullable(),
        is_gone: z.boolean().nullable(),
      }),
    ),
    findings: z.array(DrillFinding),
    pages: z.array(z.string()),
    /** The last drill of the same scenario. */
    previous: z
      .object({
        drill_id: z.string(),
        started_utc: z.iso.datetime(),
        verdict: Verdict,
        report_sha256: Sha256,
        gates: z.array(DrillGate),
        reporter_version: z.string(),
      })
      .nullable(),
    evidence: z.object({
      log_file: z.string(),
      log_records: z.int(),
      /** SHA-256 of the log's last line, each of which carries that of the one before. */
      log_head_sha256: Sha256,
      log_is_torn: z.boolean(),
      /** SHA-256 of the report that was made before this one in the same archive; 64 zeros for the first. */
      previous_report_sha256: Sha256,
    }),
  })
  .meta({ id: 'DrillReport' });
export type DrillReport = z.infer<typeof DrillReport>;
