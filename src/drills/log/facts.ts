/** What is known of a drill before it begins. It is the first record of the log, so that the log needs nothing beside it. */
import { z } from 'zod';

/** What probes do, each on its own timetable. `ask` ends with the first text, `stream` follows an answer to its end. */
export const PROBE_KINDS = ['sign-in', 'ask', 'stream', 'upload', 'search'] as const;
export const ProbeKind = z.enum(PROBE_KINDS);
export type ProbeKind = z.infer<typeof ProbeKind>;

/** What the system under test acknowledges, and must not lose. */
export const WRITE_KINDS = ['message', 'file', 'vector', 'permission', 'setting'] as const;
export const WriteKind = z.enum(WRITE_KINDS);
export type WriteKind = z.infer<typeof WriteKind>;

export const Bilingual = z.strictObject({ zh: z.string(), en: z.string() });
export type Bilingual = z.infer<typeof Bilingual>;

const Ms = z.number().nonnegative();

/** A gate for each that is given; what is null or left out is measured and reported without a verdict. */
export const Objectives = z.object({
  mttdMs: Ms.nullish(),
  rtoServiceMs: Ms.nullish(),
  rtoVerifiedMs: Ms.nullish(),
  rpoMs: Ms.nullish(),
  /** How many acknowledged writes may be lost, of all kinds together. */
  lostWrites: z.int().nonnegative().nullish(),
  /** Longest interval between successes of any one kind of probe, less its period. */
  gapMs: Ms.nullish(),
  /** 99th percentile over streams and faults. */
  streamSilenceP99Ms: Ms.nullish(),
  /** Tokens cut or given twice, of all streams together. */
  brokenTokens: z.int().nonnegative().nullish(),
  /** Answers that came in a mode which `allowedModes` does not name. */
  wrongModes: z.int().nonnegative().nullish(),
  /** By how much quality may go down: δ of the lower 95 % bound. */
  qualityDelta: z.number().min(0).max(1).nullish(),
  /** Whether every named check has to pass, such as a verified repository or no orphaned citation. */
  integrity: z.boolean().nullish(),
});
export type Objectives = z.infer<typeof Objectives>;

/** Milliseconds between two probes of a kind; how soon it has to be answered; when it is given up. */
export const ProbePlan = z.object({
  everyMs: z.number().min(20),
  objectiveMs: z.number().positive(),
  timeoutMs: z.number().positive(),
  /** Probes under way at once; one that finds no place has failed. */
  most: z.int().positive().default(64),
});
export type ProbePlan = z.infer<typeof ProbePlan>;

/** What is asked of the system while the drill lasts. A kind that is left out is not probed. */
export const Workload = z.object({
  probes: z.partialRecord(ProbeKind, ProbePlan),
  /** Milliseconds between two writes of a kind, besides those that probes make: messages by asking, files by uploading. */
  writes: z.object({ permission: Ms.nullish(), setting: Ms.nullish() }).default({}),
  /** Asked in turn; the target's documents should answer them. */
  questions: z.array(z.string().min(1)).min(1),
  /** Where a lost or reordered token shows: the text that every streamed answer has to have, where that is known. */
  expectedAnswer: z.string().nullish(),
});
export type Workload = z.infer<typeof Workload>;

export const TARGET_KINDS = ['budao', 'openai', 'anythingllm', 'chatchat', 'kotaemon'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

export const DrillFacts = z.object({
  drillId: z.string(),
  scenario: z.object({
    name: z.string(),
    title: Bilingual,
    proves: Bilingual,
    hypothesis: Bilingual,
    /** SHA-256 of the scenario's text: the version of the plan. */
    sha256: z.string(),
  }),
  objectives: Objectives,
  /** How long all probes have to meet their objective for the service to count as back. */
  windowMs: z.number().positive().default(60_000),
  workload: Workload,
  /** Modes in which answers may come from the first fault until the service is back; before and after it, only `full`. */
  allowedModes: z.array(z.string()).default(['full']),
  /** The system's own alerts that count as detection; empty: any. */
  expectedAlerts: z.array(z.string()).default([]),
  /** Operations pages that the drill exercises, by the name that guides give them. */
  pages: z.array(z.string()).default([]),
  mode: z.enum(['laboratory', 'live', 'external', 'simulated']),
  target: z.object({ kind: z.enum(TARGET_KINDS), name: z.string() }),
  scope: z.string().default(''),
  exclusions: z.array(z.string()).default([]),
  people: z
    .object({
      commander: z.string().nullish(),
      operators: z.array(z.string()).default([]),
      observers: z.array(z.string()).default([]),
      approver: z.string().nullish(),
    })
    .default({ operators: [], observers: [] }),
  /** Who owns findings, and in how many days they are due. */
  findings: z
    .object({ owner: z.string().nullish(), dueDays: z.int().positive().default(30) })
    .default({ dueDays: 30 }),
  stopConditions: z.array(z.string()).default([]),
  seed: z.string(),
});
export type DrillFacts = z.infer<typeof DrillFacts>;
/** As scenarios give it, before defaults. */
export type DrillFactsInput = z.input<typeof DrillFacts>;
