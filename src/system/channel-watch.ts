import type { Logger } from 'pino';
import type { BudaoError } from '../contract/errors.ts';
import type { ChannelObserver } from '../stores/channel/peer-transport.ts';

/** What became of the live channel. Without it everything is found by looking, so it is told and waited for. */
export class ChannelWatch {
  readonly observe: ChannelObserver;
  #reason: BudaoError | null = null;

  constructor(log: Pick<Logger, 'warn'>) {
    this.observe = (_, reason) => {
      const before = this.#reason;
      this.#reason = reason;
      // One that cannot be reached says so in many ways.
      if (reason !== null && reason.code === before?.code) return;
      if (reason !== null) {
        log.warn(
          { code: reason.code },
          `the live channel is away, so everything is noticed later: ${reason.message}`,
        );
      } else if (before !== null) log.warn({}, 'the live channel is back');
    };
  }

  /** @throws Error with what is wrong */
  check(): string | undefined {
    if (this.#reason !== null)
      throw new Error(`${this.#reason.message} Nothing is lost; everything is noticed later`);
    return undefined;
  }
}
