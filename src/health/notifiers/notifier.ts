import { BudaoError } from '../../contract/errors.ts';
import type { Message } from '../alerts/message.ts';
import type { Notice } from '../alerts/notice.ts';
import type { Language } from '../alerts/rule.ts';

export const CHANNEL_KINDS = ['webhook', 'wecom', 'dingtalk', 'feishu', 'email'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** What is sent, in words and as data. */
export interface Delivery {
  /** The same for every attempt, so that a receiver can drop a repetition. */
  id: string;
  notice: Notice;
  message: Message;
  language: Language;
  signal: AbortSignal;
}

/**
 * Sends one message.
 *
 * @throws BudaoError alert_refused when trying again is useless, alert_not_delivered when it is not
 */
export type Notifier = (delivery: Delivery) => Promise<void>;

/** The receiver has understood, and says no: an address, a key or a rule of its own has to be changed. */
export function refused(what: string, cause?: unknown): BudaoError {
  return new BudaoError('conflict', 'alert_refused', `The receiver refused the message: ${what}`, { cause });
}

/** Passing: it is tried again. */
export function notDelivered(what: string, cause?: unknown): BudaoError {
  return new BudaoError('unavailable', 'alert_not_delivered', `The message was not delivered: ${what}`, {
    cause,
  });
}
