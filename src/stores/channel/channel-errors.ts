import { BudaoError } from '../../contract/errors.ts';

/** Nobody answers, or the connection broke. It passes, and is tried again by itself. */
export function channelUnavailable(message: string, cause?: unknown): BudaoError {
  return new BudaoError('unavailable', 'channel_unavailable', message, { cause });
}

export function channelLoginRefused(message: string, cause?: unknown): BudaoError {
  return new BudaoError('unavailable', 'channel_login_refused', message, { cause });
}

/** A replica, or another kind of server: somebody answers who is of no use. */
export function channelWrongServer(message: string, cause?: unknown): BudaoError {
  return new BudaoError('unavailable', 'channel_wrong_server', message, { cause });
}

export function channelAddressInvalid(message: string): BudaoError {
  return new BudaoError('conflict', 'channel_address_invalid', message);
}
