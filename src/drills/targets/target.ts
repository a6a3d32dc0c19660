/** A system under test as its clients see it, through HTTP alone. */
import { z } from 'zod';
import { TARGET_KINDS, type WriteKind } from '../log/facts.ts';

/** Where it is and who asks; plain values, so that another thread can have them. */
export const TargetSettings = z.object({
  kind: z.enum(TARGET_KINDS),
  /** Addresses of its nodes; the next one is tried when one does not answer. */
  urls: z.array(z.url()).min(1),
  apiKey: z.string().nullish(),
  /** For probes of signing in. */
  account: z.object({ name: z.string(), password: z.string() }).nullish(),
  model: z.string().nullish(),
  /** Knowledge base, workspace or index, as the target calls it; null: one of the drill's own, or the default. */
  knowledgeBase: z.string().nullish(),
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
}

/** Called while an answer is followed. */
export interface AnswerWatcher {
  /** The question is stored, under this id. */
  onAcknowledged(id: string): void;
  onPiece(piece: AnswerPiece): void;
}

/** What is there in the end. @see ReadBack */
export interface FoundWrite {
  /** Null where it could not be read. */
  count: number | null;
  sha256: string | null;
  error?: string;
}

/** What a write left behind. `id` is the target's own name for it. */
export interface AcknowledgedWrite {
  id: string;
  sha256: string;
}

export interface DrillTarget extends AsyncDisposable {
  /** Which writes it can tell of afterwards; the measures of others are inconclusive. */
  readonly writes: readonly WriteKind[];
  /** Makes what probes need, such as a knowledge base of their own. */
  prepare(): Promise<void>;
  signIn(signal: AbortSignal): Promise<void>;
  /** Asks, and follows the answer through whatever connections that takes, until `signal`. */
  ask(
    question: string,
    options: { key: string; signal: AbortSignal; watcher: AnswerWatcher },
  ): Promise<FollowedAnswer>;
  upload(document: { name: string; text: string }, signal: AbortSignal): Promise<AcknowledgedWrite>;
  /** @returns the texts that were found, best first */
  search(query: string, signal: AbortSignal): Promise<string[]>;
  /** A permission or a setting; `key` names it, and finds it again where the outcome is unknown. */
  write(kind: 'permission' | 'setting', key: string, signal: AbortSignal): Promise<AcknowledgedWrite>;
  /** Looks for something that was written, by the target's name for it, or by the key of an unknown outcome. */
  find(kind: WriteKind, wanted: { id: string } | { key: string }, signal: AbortSignal): Promise<FoundWrite>;
}
