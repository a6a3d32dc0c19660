import { ErrorReply } from '@redis/client';
import { BudaoError } from '../../contract/errors.ts';
import { channelLoginRefused, channelUnavailable, channelWrongServer } from './channel-errors.ts';

const LOGIN = /^(?:WRONGPASS|NOAUTH|NOPERM|DENIED)|\bAUTH\b|password/i;
const OTHER_PROTOCOL = /RESP type/i;

/** The channel's own error for one of Redis, its client or its socket. */
export function explainRedisError(error: unknown, server: string): BudaoError {
  if (error instanceof BudaoError) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  if (error instanceof ErrorReply) {
    if (LOGIN.test(message)) {
      return channelLoginRefused(
        `${server} refuses the login: ${message}. Check the user, the password file, and that the user may ` +
          'publish, subscribe and say HELLO on the channels that begin with budao:.',
        error,
      );
    }
    return channelWrongServer(`${server} cannot serve as the live channel: ${message}.`, error);
  }
  if (OTHER_PROTOCOL.test(message)) {
    return channelWrongServer(`${server} is neither Redis nor Valkey: it speaks something else.`, error);
  }
  const reason = message === '' ? (code ?? 'unknown') : message;
  return channelUnavailable(`${server} cannot be reached: ${reason}. It is tried again by itself.`, error);
}
