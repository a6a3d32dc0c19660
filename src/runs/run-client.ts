import { availableTopic, type Channel, NOTHING_BUT_A_HINT, RUN_CANCELLED, runTopic } from './channel.ts';

/** Tells workers what the ledger already says, so that they need not find out by looking. */
export class RunClient {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** After the commit of a submitted run. */
  announce({ kind, id }: { kind: string; id?: string }): void {
    this.#channel.publishToOne(availableTopic(kind), id ?? '');
  }

  /** After the commit of a cancel request. */
  announceCancel(runId: string): void {
    this.#channel.publish(RUN_CANCELLED, runId);
    // One that nobody had claimed yet has ended here and now.
    this.#channel.publish(runTopic(runId), NOTHING_BUT_A_HINT);
  }
}
