import { BudaoError, type ErrorKind } from '../contract/errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Ends a command: what went wrong, what to try, and how the process leaves. */
export class CliError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  /** What to try next, or null where the message says it. */
  readonly hint: string | null;

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    options: { hint?: string | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CliError';
    this.code = code;
    this.exitCode = exitCode;
    this.hint = options.hint ?? null;
  }
}

const EXIT_BY_KIND: Record<ErrorKind, ExitCode> = {
  invalid: EXIT.usage,
  unauthenticated: EXIT.refused,
  forbidden: EXIT.refused,
  not_found: EXIT.refused,
  conflict: EXIT.failed,
  too_large: EXIT.failed,
  rate_limited: EXIT.failed,
  unavailable: EXIT.failed,
  internal: EXIT.failed,
};

/** Errors of the program itself, met while a command works on the data folder. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof BudaoError) {
    return new CliError(EXIT_BY_KIND[error.kind], error.code, error.message, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(EXIT.failed, 'unexpected_error', message, { cause: error });
}
