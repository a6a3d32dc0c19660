import type { Logger } from 'pino';
import type { ChannelObserver } from '../stores/channel/peer-transport.ts';

/** What became of the live channel. Without it everything is found by looking, so it is told and waited for. */
export class ChannelWatch {
  readonly observe: ChannelObserver;
  #reason: string | null = null;

  constructor(log: Pick<Logger, 'warn'>) {
    this.observe = (state, reason) => {
      const wasDown = this.#reason !== null;
      this.#reason = state === 'up' ? null : (reason?.message ?? 'it is away');
      if (this.#reason !== null) {
        log.warn(
          { code: reason?.code },
          `the live channel is away, so everything is noticed later: ${this.#reason}`,
        );
      } else if (wasDown) log.warn({}, 'the live channel is back');
    };
  }

  /** @throws Error with what is wrong */
  check(): string | undefined {
    if (this.#reason !== null)
      throw new Error(`${this.#reason} Nothing is lost; everything is noticed later`);
    return undefined;
  }
}
