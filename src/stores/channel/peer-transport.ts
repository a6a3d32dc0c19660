import type { BudaoError } from '../../contract/errors.ts';

/** In place of a peer: every process of the installation, the sender included. */
export const EVERYBODY = 'all';

/**
 * Carries texts between the processes of one installation, which are known by the random names that they give
 * themselves. Loses what it cannot carry; what one process sends to another arrives in order.
 */
export interface PeerTransport extends AsyncDisposable {
  readonly limits: TransportLimits;
  /** Connects, and does so again whenever the connection is lost, until it is disposed. */
  start(self: string, events: TransportEvents): void;
  /** `to` is a peer or EVERYBODY. */
  send(to: string, text: string): void;
  /** Leaves a server from which nothing comes back. */
  leave(reason: string): void;
}

export interface TransportLimits {
  /** Of one text, in UTF-8. */
  maxTextBytes: number;
  /** What is sent costs so much that a run's events are replaced by a hint that there are some. */
  hintsOnly: boolean;
}

export interface TransportEvents {
  onConnected(): void;
  /** Also when an attempt to connect failed. */
  onDisconnected(reason: BudaoError): void;
  onText(text: string): void;
  /** Nobody reads what is sent to this peer. */
  onAbsent(peer: string): void;
}

/** `up` once a message of one's own has come back; `reason` says what an operator can do while it is down. */
export type ChannelObserver = (state: 'up' | 'down', reason: BudaoError | null) => void;
