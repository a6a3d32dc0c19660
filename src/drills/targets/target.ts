/** A system under test as its clients see it, through HTTP alone. */
import { z } from 'zod';
import { type ProbeKind, TARGET_KINDS, type WriteKind } from '../log/facts.ts';

/** Where it is and who asks; plain values, so that another thread can have them. */
export const TargetSettings = z.object({
  kind: z.enum(TARGET_KINDS),
  /** Addresses of its nodes; the next one is tried when one does not answer. */
  urls: z.array(z.url()).min(1),
  apiKey: z.string().nullish(),
  /** For probes of signing in; without it they prove the key. */
  account: z.object({ name: z.string(), password: z.string() }).nullish(),
  model: z.string().nullish(),
  /** Knowledge base, workspace or index that is asked and searched, as the target calls it; null: its default. */
  knowledgeBase: z.string().nullish(),
  /** Where probes upload to; null: one of the drill's own, which `prepare` makes. */
  uploadsTo: z.string().nullish(),
  /** Of a Gradio application: the function that answers, and what it is given; `{question}` stands for the question. */
  gradio: z.object({ function: z.string().min(1), data: z.array(z.unknown()) }).nullish(),
});
export type TargetSettings = z.infer<typeof TargetSettings>;

export interface AnswerPiece {
  /** Its number in the stream; -1 where the protocol has none. */
  sequence: number;
  text: string;
}

export interface FollowedAnswer {
  /** completed, failed, incomplete, or lost where nobody could follow it to an end. */
  status: string;
  connections: number;
  mode: string | null;
  text: string;
  /** Numbers of the protocol that came twice, or never; 0 where it has none. */
  duplicated: number;
  cut: number;
  /** Whether the text is the one that is stored; null where nobody can tell. */
  isWhole: boolean | null;
}

/** Called while an answer is followed. */
export interface AnswerWatcher {
  /** The question is stored, under this id. */
  onAcknowledged(id: string): void;
  onPiece(piece: AnswerPiece): void;
}

/** What is there in the end. */
export interface FoundWrite {
  count: number;
  /** Null where it has no content to compare. */
  sha256: string | null;
}

/** What a write left behind. `id` is the target's own name for it. */
export interface AcknowledgedWrite {
  id: string;
  sha256: string;
}

/** By the target's name for it, or by the key of a write whose outcome nobody knows. */
export type WantedWrite = { id: string } | { key: string };

export interface AskOptions {
  /** Unique; finds the question again where its outcome is unknown. */
  key: string;
  signal: AbortSignal;
  watcher: AnswerWatcher;
}

/** Whatever fails throws; a `signal` that aborts does so too. */
export interface DrillTarget {
  readonly probes: readonly ProbeKind[];
  /** Which writes it can tell of afterwards; the measures of others are inconclusive. */
  readonly writes: readonly WriteKind[];
  /** Makes what probes need. @returns the settings with its names */
  prepare(signal: AbortSignal): Promise<TargetSettings>;
  signIn(signal: AbortSignal): Promise<void>;
  /** Asks, and follows the answer through whatever connections that takes. */
  ask(question: string, options: AskOptions): Promise<FollowedAnswer>;
  upload(
    document: { name: string; text: string; key: string },
    signal: AbortSignal,
  ): Promise<AcknowledgedWrite>;
  /** @returns what was found, best first, and the mode where the target says it */
  search(query: string, signal: AbortSignal): Promise<{ texts: string[]; mode: string | null }>;
  /** Whether an uploaded document can be found by a word of its own. */
  isSearchable(uploadId: string, word: string, signal: AbortSignal): Promise<boolean>;
  write(kind: 'permission' | 'setting', key: string, signal: AbortSignal): Promise<AcknowledgedWrite>;
  find(kind: WriteKind, wanted: WantedWrite, signal: AbortSignal): Promise<FoundWrite>;
  /** Names of the system's own alerts that fire; null where it tells none. */
  firingAlerts(signal: AbortSignal): Promise<string[] | null>;
}
