/** A fault is one small file: what it needs, how it is injected, probed, undone, and probed again. */
import type { z } from 'zod';
import type { Laboratory } from '../laboratory/laboratory.ts';
import type { Requirement } from '../laboratory/requirements.ts';
import type { Bilingual } from '../log/facts.ts';
import type { UndoAct } from '../undo/acts.ts';

/** What of the laboratory a fault is about; the laboratory is built with it only where a scenario asks. */
export type Need =
  /** Several nodes on PostgreSQL and Redis. */
  | 'cluster'
  /** Machines in networks of their own. */
  | 'networks'
  /** A proxy before the model, before the service, before the database or before Redis. */
  | 'model'
  | 'embedder'
  | 'front proxy'
  | 'model proxy'
  | 'store proxies'
  /** A repository of snapshots. */
  | 'repository'
  /** The data folder is a file system of its own, of a limited size. */
  | 'own disk'
  /** The time of day of the service can be moved. */
  | 'clock'
  /** TLS in front of the model, with certificates that the laboratory signs. */
  | 'tls'
  /** The program can be changed: a copy of it that deploys replace. */
  | 'own program';

export interface FaultKind<Parameters = unknown> {
  readonly name: string;
  readonly about: Bilingual;
  /** Of `target` and `with` together. */
  readonly parameters: z.ZodType<Parameters>;
  /** What the machine has to have. */
  readonly requires: readonly Requirement[];
  readonly needs: readonly Need[];
  /** False for what has nothing to do with a laboratory: its `prepare` is given none. */
  readonly needsLaboratory?: false;
  /** Looks for its victim. Nothing is changed before `inject`. */
  prepare(laboratory: Laboratory, parameters: Parameters): Promise<PreparedFault>;
}

export interface PreparedFault {
  /** Whom it hits, for the log. */
  readonly victim: string;
  /** Stored before the injection; for whoever has to undo it without the drill. */
  readonly undoActs: readonly UndoAct[];
  inject(): Promise<void>;
  /** Whether the fault is really there. */
  isInjected(): Promise<boolean>;
  undo(): Promise<void>;
  /** Whether it is really gone. */
  isUndone(): Promise<boolean>;
  /** What has to hold while the fault is there, or after it was undone: gates of the drill's integrity. */
  checks?(): Promise<FaultCheck[]>;
}

export interface FaultCheck {
  check: string;
  /** Null where it could not be found out. */
  ok: boolean | null;
  detail: string;
}

/** Types are forgotten here: parameters have been read by the fault's own schema. */
export function defineFault<Parameters>(kind: FaultKind<Parameters>): FaultKind {
  return kind as FaultKind;
}
