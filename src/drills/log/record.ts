/**
 * The raw log of a drill: JSON Lines, each with the time on the drill's clock and the hash of the line before, so that
 * whatever a report says can be computed again, and nothing can be taken out or changed unseen.
 */
import { z } from 'zod';
import { DrillFacts, ProbeKind, WriteKind } from './facts.ts';

export const LOG_VERSION = 1;

/** Milliseconds since the drill began. */
const AtMs = z.number();
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Drill = z.object({
  type: z.literal('drill'),
  version: z.literal(LOG_VERSION),
  /** CLOCK_MONOTONIC at 0, in ns. */
  originNs: z.string(),
  facts: DrillFacts,
});

/** What was found out about the system under test: version, commit, topology, volumes, models, generation of the index. */
const System = z.object({
  type: z.literal('system'),
  /** Before the fault, or what came back after it. */
  when: z.enum(['before', 'after']),
  values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** `steady` is the time without a fault that everything is compared with. */
export const PHASES = ['prepare', 'steady', 'fault', 'recover', 'verify', 'failback', 'clean'] as const;
const Phase = z.object({
  type: z.literal('phase'),
  phase: z.enum(PHASES),
  edge: z.enum(['begin', 'end']),
  detail: z.string().optional(),
});

const ProbeSent = z.object({
  type: z.literal('probe.sent'),
  probe: z.string(),
  kind: ProbeKind,
  plannedMs: AtMs,
});

const ProbeAnswered = z.object({
  type: z.literal('probe.answered'),
  probe: z.string(),
  kind: ProbeKind,
  plannedMs: AtMs,
  /** `wrong`: answered, but not with what is right; `full`: no place among the probes under way. */
  outcome: z.enum(['ok', 'failed', 'timeout', 'wrong', 'full']),
  /** From the planned time, not from when it was sent. */
  latencyMs: z.number(),
  error: z.string().optional(),
  /** How the answer says that it was given, where it does. */
  mode: z.string().optional(),
});

/** Pieces of text as they came: when, number in the stream (-1 where the protocol has none), characters. */
const StreamTokens = z.object({
  type: z.literal('stream.tokens'),
  probe: z.string(),
  arrivals: z.array(z.tuple([AtMs, z.int(), z.int()])),
});

const StreamEnded = z.object({
  type: z.literal('stream.ended'),
  probe: z.string(),
  /** As the stream said, or `lost` where nobody could follow it to an end. */
  status: z.string(),
  connections: z.int(),
  tokens: z.int(),
  /** Numbers that came twice, and numbers that never came. */
  duplicated: z.int(),
  cut: z.int(),
  textSha256: Sha256,
  /** Whether the text is what is stored in the end, or what was expected; null where nobody knows. */
  isWhole: z.boolean().nullable(),
});

const WriteAcknowledged = z.object({
  type: z.literal('write.acknowledged'),
  kind: WriteKind,
  id: z.string(),
  sentMs: AtMs,
  sha256: Sha256,
});

/** Nobody knows whether it was done. It may be there afterwards, once. `key` finds it again. */
const WriteUnknown = z.object({
  type: z.literal('write.unknown'),
  kind: WriteKind,
  key: z.string(),
  sentMs: AtMs,
  sha256: Sha256,
  error: z.string().optional(),
});

/** What is there in the end. For a write of unknown outcome `id` is its key. */
const ReadBack = z.object({
  type: z.literal('read-back'),
  kind: WriteKind,
  id: z.string(),
  /** How often it is there; null where it could not be read. */
  count: z.int().nonnegative().nullable(),
  sha256: Sha256.nullable(),
  error: z.string().optional(),
});

const ReadBackEnded = z.object({
  type: z.literal('read-back.ended'),
  kind: WriteKind,
  /** Whether every write of this kind was looked for. */
  isComplete: z.boolean(),
});

const Fault = z.object({
  type: z.literal('fault'),
  /** One number for each injection in this drill. */
  injection: z.int(),
  fault: z.string(),
  target: z.string(),
  step: z.enum(['injecting', 'injected', 'probed', 'undoing', 'undone', 'cleared']),
  /** For `probed` and `cleared`: whether the fault is there, and whether it is gone; for others: whether it worked. */
  ok: z.boolean(),
  detail: z.string().optional(),
});

/** An alert of the system under test, as somebody outside saw it. */
const Alert = z.object({
  type: z.literal('alert'),
  alert: z.string(),
  /** `watching` says, once, that somebody looks; without it no silence means anything. */
  state: z.enum(['watching', 'firing', 'resolved']),
  detail: z.string().optional(),
});

/** A mode that was seen elsewhere than in an answer, such as on the page of health. */
const Mode = z.object({ type: z.literal('mode'), mode: z.string(), source: z.string() });

/** Where the segments of a recovery end: somebody saw it, decided, did it, and proved it. */
const Milestone = z.object({
  type: z.literal('milestone'),
  milestone: z.enum(['detected', 'decided', 'executed', 'verified']),
  actor: z.string(),
  detail: z.string().optional(),
});

/** Of what was restored or repaired: `ok` is null where it could not be found out. */
const Check = z.object({
  type: z.literal('check'),
  check: z.string(),
  ok: z.boolean().nullable(),
  detail: z.string().optional(),
});

/** One evaluation of the golden set; `control` is the second one without a fault. */
const Evaluation = z.object({
  type: z.literal('evaluation'),
  role: z.enum(['before', 'control', 'after']),
  file: z.string(),
  sha256: Sha256,
  goldenSetSha256: z.string(),
  /** Of each question: whether it passed (null where the judge failed), and its score in 0..1. */
  questions: z.array(
    z.object({ id: z.string(), passed: z.boolean().nullable(), score: z.number().nullable() }),
  ),
  /** Of what nobody may see: answers that leaked, citations whose target is missing. */
  violations: z.array(z.string()).default([]),
});

const Manual = z.object({
  type: z.literal('manual'),
  actor: z.string(),
  action: z.string(),
  result: z.string(),
});

const Note = z.object({ type: z.literal('note'), text: z.string() });

/** A stop condition was met, or somebody broke the drill off. */
const Stopped = z.object({ type: z.literal('stopped'), reason: z.string() });

export const DrillEvent = z.discriminatedUnion('type', [
  Drill,
  System,
  Phase,
  ProbeSent,
  ProbeAnswered,
  StreamTokens,
  StreamEnded,
  WriteAcknowledged,
  WriteUnknown,
  ReadBack,
  ReadBackEnded,
  Fault,
  Alert,
  Mode,
  Milestone,
  Check,
  Evaluation,
  Manual,
  Note,
  Stopped,
]);
export type DrillEvent = z.infer<typeof DrillEvent>;
export type DrillEventOf<Type extends DrillEvent['type']> = Extract<DrillEvent, { type: Type }>;

export const Envelope = z.object({
  /** From 1, without a hole. */
  seq: z.int().positive(),
  atMs: AtMs,
  /** The time of day as the writer's machine had it. */
  utc: z.iso.datetime(),
  /** SHA-256 of the line before, as hex; 64 zeros for the first. */
  previous: Sha256,
});
export const DrillRecord = z.intersection(Envelope, DrillEvent);
export type DrillRecord = z.infer<typeof Envelope> & DrillEvent;
export type DrillRecordOf<Type extends DrillEvent['type']> = Extract<DrillRecord, { type: Type }>;
