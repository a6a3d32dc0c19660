/**
 * The live channel: a hint between processes that something has happened. It may lose messages, and it may repeat
 * them; whoever listens also looks into the ledger.
 */
export interface Channel extends AsyncDisposable {
  /** Tells everyone who listens on `topic`. */
  publish(topic: string, message: string): void;
  /** Tells one of those who listen on `topic`, in turn. */
  publishToOne(topic: string, message: string): void;
  /** @returns a function that ends the subscription. */
  subscribe(topic: string, listener: (message: string) => void): () => void;
}

/** Work is waiting to be claimed, for all workers. The message is its kind, or empty. */
export const RUNS_AVAILABLE = 'runs.available';

/** Work of one kind, for one of those that do it. The message is the id of a new run, or empty. */
export function availableTopic(kind: string): string {
  return `${RUNS_AVAILABLE}:${kind}`;
}
/** The message is the id of a run that is asked to stop. */
export const RUN_CANCELLED = 'run.cancel-requested';

const RUN_TOPIC_PREFIX = 'run:';

/** Carries the run's events right after their commit, as a JSON array of RunEvent without runId. */
export function runTopic(runId: string): string {
  return `${RUN_TOPIC_PREFIX}${runId}`;
}

/** Stands for whatever a run's topic could carry: the ledger has the news. */
export const NOTHING_BUT_A_HINT = '[]';

/** Whether a channel that carries little may send a hint in place of this topic's messages. */
export function canBeHinted(topic: string): boolean {
  return topic.startsWith(RUN_TOPIC_PREFIX);
}
