import type { ErrorCode } from '../contract/error-codes.ts';
import type { Sql } from '../ledger/ledger.ts';
import type { Deferral } from './run-deferral.ts';

export const RUN_STATUSES = ['queued', 'running', 'completed', 'incomplete', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export type TerminalStatus = Exclude<RunStatus, 'queued' | 'running'>;

export function isTerminal(status: RunStatus): status is TerminalStatus {
  return status !== 'queued' && status !== 'running';
}

/** Why a run ended badly, or how it can be read by a person. */
export interface RunFailure {
  code: ErrorCode;
  message: string;
}

/** A durable unit of work. Times are milliseconds since the epoch. */
export interface Run {
  id: string;
  kind: string;
  workspaceId: string;
  /** What the run is about: a conversation id for answers, a document id for ingest; or null. */
  subjectId: string | null;
  input: unknown;
  status: RunStatus;
  /** The process that holds the lease; null when nobody does. */
  owner: string | null;
  /** Grows by one with every claim; only the current epoch may append. */
  epoch: number;
  /** The owner's fence when it claimed the run (`run-owners.ts`); null for everyone else. */
  fence: number | null;
  leaseUntil: number;
  /** Claims in a row that brought no durable progress. */
  attempts: number;
  maxAttempts: number;
  priority: number;
  availableAt: number;
  deadlineAt: number;
  cancelRequested: boolean;
  lastSeq: number;
  result: unknown;
  failure: RunFailure | null;
  /** Why the run was put off, and when first; null for one that never was. */
  deferral: Deferral | null;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
}

/** One line of a run's append-only log. `seq` counts from 1 without gaps. */
export interface RunEvent {
  runId: string;
  seq: number;
  epoch: number;
  type: string;
  payload: unknown;
  createdAt: number;
}

export interface SubmitRun {
  id?: string;
  kind: string;
  workspaceId: string;
  subjectId?: string | null;
  input: unknown;
  /** The same key in the same workspace and kind returns the run that exists. */
  idempotencyKey?: string | null;
  /** Higher goes first. Answers 10, ingest 0. */
  priority?: number;
  maxAttempts?: number;
  /** From now until the run fails with `deadline_exceeded`. */
  timeoutMs?: number;
  /** Not claimed before this delay. */
  delayMs?: number;
}

/** What a handler sees of its run. Re-entered from the top by whoever takes over. */
export interface RunContext<Input = unknown> {
  readonly run: Run;
  readonly input: Input;
  /** Aborted on cancel, deadline, lost lease and shutdown; `signal.reason` is a RunInterruption. */
  readonly signal: AbortSignal;
  /** The durable events from before this claim, in order. */
  readonly history: readonly RunEvent[];
  /**
   * Journals the result of `work` under `name`; on a takeover a finished step is read back, not done again.
   * The result is durable before the promise resolves, unless `lazy`: then it becomes durable
   * together with, or before, the next event.
   */
  step<T>(name: string, work: () => Promise<T>, options?: { lazy?: boolean }): Promise<T>;
  /**
   * Appends an event. Resolves when it is durable; rejects with RunInterruption when the epoch is lost.
   * Payloads that are exactly `{text}`, of one type and waiting for the same commit, become one event.
   * `lazy` waits a moment for another event to share its commit.
   * `progress: false` marks an event that does not count against giving up on a run that kills its workers.
   */
  emit(type: string, payload: unknown, options?: { progress?: boolean; lazy?: boolean }): Promise<void>;
  /**
   * Appends text as events with the payload `{text}`, as `emit` does, for a source that does not wait: the signal says
   * when to stop. What gathers while a commit is under way becomes one event.
   */
  stream(type: string, text: string): void;
  /** Other writes of this run, refused with RunInterruption when its epoch is lost. */
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>;
}

/** How a handler ends its run. */
export interface RunOutcome {
  status: TerminalStatus;
  result?: unknown;
  failure?: RunFailure;
}

export interface RunHandler<Input = unknown> {
  readonly kind: string;
  /** Runs of this kind that one process works on at once. */
  readonly concurrency: number;
  /**
   * Throwing a RunDeferral keeps the run for later without using up an attempt.
   * Throwing a BudaoError of kind 'unavailable' puts the run back with a growing delay until attempts are used up;
   * any other error fails it.
   */
  handle(context: RunContext<Input>): Promise<RunOutcome>;
}
