/** What a scenario file may say. Where a part is left out, the default is the cautious one. */
import { z } from 'zod';
import { ANSWER_MODES } from '../../contract/answer.ts';
import { Bilingual, PROBE_KINDS } from '../log/facts.ts';
import { Duration } from './duration.ts';

/** Purposes that scenarios are run for together. */
export const SETS = ['power-cut', 'network-cut', 'monthly', 'release-gate'] as const;
export type ScenarioSet = (typeof SETS)[number];

const DEFAULT_PROBE = { objectiveMs: 2_000, timeoutMs: 15_000 };
/** An answer takes as long as the model writes; its first text is what `ask` measures. */
const DEFAULT_STREAM = { objectiveMs: 20_000, timeoutMs: 60_000 };
const QUESTIONS = [
  '年假有几天？',
  '断电后先做什么？',
  'How do I get a VPN account?',
  '病历数据多久备份一次？',
];

const Probe = z.union(
  [
    Duration.transform((everyMs) => ({ everyMs, objectiveMs: undefined, timeoutMs: undefined })),
    z
      .strictObject({ every: Duration, objective: Duration.optional(), timeout: Duration.optional() })
      .transform(({ every, objective, timeout }) => ({
        everyMs: every,
        objectiveMs: objective,
        timeoutMs: timeout,
      })),
  ],
  { error: 'must be how often, such as 500ms, or { every, objective, timeout }' },
);

const Workload = z
  .strictObject({
    probes: z.partialRecord(z.enum(PROBE_KINDS), Probe).refine((all) => Object.keys(all).length > 0, {
      error: `needs at least one of ${PROBE_KINDS.join(', ')}`,
    }),
    writes: z.strictObject({ permission: Duration.nullish(), setting: Duration.nullish() }).prefault({}),
    questions: z.array(z.string().min(1)).min(1).default(QUESTIONS),
  })
  .transform(({ probes, writes, questions }) => ({
    probes: Object.fromEntries(
      Object.entries(probes).map(([kind, { everyMs, objectiveMs, timeoutMs }]) => {
        const usual = kind === 'stream' ? DEFAULT_STREAM : DEFAULT_PROBE;
        const plan = {
          everyMs,
          objectiveMs: objectiveMs ?? usual.objectiveMs,
          timeoutMs: timeoutMs ?? usual.timeoutMs,
        };
        return [kind, plan];
      }),
    ),
    writes,
    questions,
  }));

const count = z.int().nonnegative();
const Objectives = z.strictObject({
  mttd: Duration.optional(),
  rto: Duration.optional(),
  rtoVerified: Duration.optional(),
  rpo: Duration.optional(),
  lostWrites: count.optional(),
  gap: Duration.optional(),
  streamSilenceP99: Duration.optional(),
  brokenTokens: count.optional(),
  wrongModes: count.optional(),
  qualityLoss: z.number().min(0).max(1).optional(),
  integrity: z.boolean().optional(),
});
export type ScenarioObjectives = z.infer<typeof Objectives>;

export const LaboratoryPlan = z.strictObject({
  profile: z.enum(['one-machine', 'cluster']).default('one-machine'),
  /** Of a cluster. */
  nodes: z.int().min(2).max(5).default(2),
  workers: z.int().min(1).max(8).default(2),
  /** What the model writes: `t1 t2 t3 …`, so that every lost token shows. Null: answers are extracts. */
  model: z
    .strictObject({
      tokens: z.int().min(1).max(10_000).default(60),
      tokensPerSecond: z.number().min(0.1).max(10_000).default(30),
      /** Answers from the documents when the model is away: see the modes of answers. */
      standby: z.boolean().default(false),
    })
    .nullable()
    .prefault({}),
  /** Passages are found by vectors too. */
  embedder: z.boolean().default(false),
  /** A repository of snapshots with its key, and a first snapshot before anything happens. */
  repository: z.boolean().default(false),
});
export type LaboratoryPlan = z.infer<typeof LaboratoryPlan>;

const TimelineEntry = z.strictObject({
  at: Duration,
  /** How long it stays before it is undone; a kill is over at once. */
  for: Duration.default(0),
  fault: z.string({ error: 'needs the name of a fault: see `budao drill list --faults`' }).min(1),
  /** What it hits, where the fault leaves a choice. */
  target: z.string().min(1).optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  repeat: z.strictObject({ times: z.int().min(2).max(100), every: Duration }).optional(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

const Stop = z.strictObject({
  /** Counted from the first probe. */
  drillLasts: Duration.default(10 * 60_000),
  /** No probe of any kind succeeded for so long, although no fault is in force. */
  outageLasts: Duration.default(120_000),
  diskFreeBelowMb: z.int().min(0).default(512),
});

export const ScenarioFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens'),
  title: Bilingual,
  proves: Bilingual,
  hypothesis: Bilingual,
  sets: z.array(z.enum(SETS)).default([]),
  laboratory: LaboratoryPlan.prefault({}),
  workload: Workload,
  objectives: Objectives,
  /** How long all probes have to be well for the service to count as back. */
  window: Duration.default(3_000),
  /** Without a fault, before the first one. */
  steady: Duration.default(6_000),
  timeline: z.array(TimelineEntry).min(1).max(50),
  /** How long the service may take to be well again before the drill gives up waiting. */
  patience: Duration.default(90_000),
  /** Of golden questions asked before and after; 0 asks none. */
  evaluate: z.boolean().default(false),
  allowedModes: z.array(z.enum(ANSWER_MODES)).default(['full']),
  expectedAlerts: z.array(z.string()).default([]),
  pages: z.array(z.string()).default([]),
  stop: Stop.prefault({}),
});
export type ScenarioFile = z.infer<typeof ScenarioFile>;
