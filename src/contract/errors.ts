import type { ErrorCode } from './error-codes.ts';

/** What went wrong, as a stable code, in words a person can act on. One place maps codes to HTTP. */
export type ErrorKind =
  | 'invalid' // the request is wrong and stays wrong
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict' // permanent: do not retry as it is
  | 'too_large'
  | 'rate_limited'
  | 'unavailable' // passing: retry later
  | 'internal';

export class BudaoError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  /** The request field at fault, dotted, or null. */
  readonly param: string | null;

  constructor(
    kind: ErrorKind,
    code: ErrorCode,
    message: string,
    options: { param?: string | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.code = code;
    this.param = options.param ?? null;
  }
}
