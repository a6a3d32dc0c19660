import type { Acknowledged } from './acknowledged.ts';
import type { EngineStage } from './engine-stage.ts';

/** What can be wrong with an engine, how it is provoked, what is said of it, and how the cause goes away. */
export interface EngineCase {
  name: string;
  /** Why it cannot be provoked here; null where it can. */
  impossible?: string | null;
  /** `file` was uploaded before. @returns what makes the cause go away */
  provoke(stage: EngineStage, file: string): Promise<() => Promise<void>>;
  /** What `budao config check` says of one engine; null where it finds nothing. */
  check: { kind: string; says: RegExp } | null;
  /** Codes with which a question is refused; null where it is taken. */
  asking: RegExp | null;
  /** The same of an upload. */
  uploading: RegExp | null;
  isReady: boolean;
  /** A line of `/readyz?verbose`. */
  readiness?: RegExp;
  /** In the log of the service. */
  log?: RegExp;
  /** For `budao config check`, beside the settings of the service. */
  environment?: Record<string, string>;
  /** What else is said meanwhile. */
  also?(stage: EngineStage, acknowledged: Acknowledged, file: string): Promise<void>;
}
