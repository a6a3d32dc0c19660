import { DatabaseError } from 'pg';
import { BudaoError } from '../../contract/errors.ts';
import { LedgerUnavailableError } from '../../ledger/errors.ts';
import { RACE_GUARDS } from '../../ledger/race-guards.ts';

/** SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const UNIQUE_VIOLATION = '23505';
const READ_ONLY_TRANSACTION = '25006';
const FEATURE_NOT_SUPPORTED = '0A000';

/** The session is over: shut down, crashed, starting, idle for too long. Class 08 is that of connections. */
const SESSION_ENDED = new Set(['57P01', '57P02', '57P03', '57P05']);
const IDLE_IN_TRANSACTION = '25P03';

export function sqlState(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** The transaction was sacrificed to another one: the same work may succeed when it is done again. */
export function isSacrificed(error: unknown): boolean {
  const state = sqlState(error);
  return state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED || isLostRace(error);
}

/** An index that only keeps transactions apart which did not see each other: done again, the work sees the winner. */
function isLostRace(error: unknown): boolean {
  if (!(error instanceof DatabaseError) || error.code !== UNIQUE_VIOLATION) return false;
  return RACE_GUARDS.has(error.constraint ?? '');
}

/** The connection is of no more use, though the server, or another one, may well be. */
export function isConnectionLost(error: unknown): boolean {
  // Work that waits for something else than its statements would do so again.
  if (error instanceof ConnectionLostError) return sqlState(error.cause) !== IDLE_IN_TRANSACTION;
  const state = sqlState(error);
  if (state === undefined) return false;
  return (
    state.startsWith('08') ||
    SESSION_ENDED.has(state) ||
    // A primary that has become a standby: the writes belong elsewhere.
    state === READ_ONLY_TRANSACTION ||
    // `SELECT *` was prepared before a migration added a column.
    (state === FEATURE_NOT_SUPPORTED && /cached plan/.test((error as Error).message))
  );
}

/** Whatever the driver raises that the server did not send: the socket broke, or was given up. */
export class ConnectionLostError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** Errors that waiting does not cure: an operator has to change something first. */
export function isForOperator(error: unknown): boolean {
  return error instanceof BudaoError && FOR_OPERATOR.has(error.code);
}

const FOR_OPERATOR: ReadonlySet<string> = new Set([
  'ledger_address_invalid',
  'ledger_database_missing',
  'ledger_login_refused',
  'ledger_too_old',
  'ledger_without_rights',
]);

/** The ledger's own error for one of PostgreSQL or its socket; undefined for mistakes in the program. */
export function translatePostgresError(
  error: unknown,
  server = 'the database server',
): BudaoError | undefined {
  if (error instanceof BudaoError) return error;
  if (error instanceof ConnectionLostError) {
    if (sqlState(error.cause) === IDLE_IN_TRANSACTION) return leftIdle(server, error);
    return new LedgerUnavailableError(
      `The connection to ${server} was lost: ${error.message}. It is tried again by itself.`,
      error,
    );
  }
  const state = sqlState(error);
  if (state === undefined) return undefined;
  const { message } = error as Error;
  const translate = BY_STATE[state] ?? BY_CLASS[state.slice(0, 2)];
  return translate?.(server, message, error);
}

function leftIdle(server: string, cause: unknown): BudaoError {
  return new LedgerUnavailableError(
    `A transaction on ${server} was rolled back, because this process left it waiting. Do it again.`,
    cause,
  );
}

type Translate = (server: string, message: string, cause: unknown) => BudaoError;

const unavailable: Translate = (server, message, cause) =>
  new LedgerUnavailableError(`${sentence(server)} cannot serve the ledger now: ${message}.`, cause);

const loginRefused: Translate = (server, message, cause) =>
  new BudaoError(
    'unavailable',
    'ledger_login_refused',
    `${sentence(server)} refuses the login: ${message}. Check the user, the password file, and pg_hba.conf.`,
    { cause },
  );

const corrupt: Translate = (server, message, cause) =>
  new BudaoError(
    'unavailable',
    'ledger_corrupt',
    `The database on ${server} is damaged: ${message}. Stop the service, keep a copy of the database as it is, ` +
      'then restore from a backup or fail over to a sound standby.',
    { cause },
  );

const slow: Translate = (server, message, cause) =>
  new BudaoError(
    'unavailable',
    'ledger_busy',
    `A statement waited too long on ${server}: ${message}. Try again in a moment.`,
    { cause },
  );

const BY_STATE: Readonly<Record<string, Translate>> = {
  '28000': loginRefused,
  '28P01': loginRefused,
  '3D000': (server, message, cause) =>
    new BudaoError(
      'unavailable',
      'ledger_database_missing',
      `${sentence(server)} has no such database: ${message}. Create it, or correct its name in the ledger's address.`,
      { cause },
    ),
  '42501': (server, message, cause) =>
    new BudaoError(
      'unavailable',
      'ledger_without_rights',
      `The login lacks rights on ${server}: ${message}. Make it the owner of the database, or grant it USAGE and ` +
        'CREATE on the schema and all rights on its tables.',
      { cause },
    ),
  [READ_ONLY_TRANSACTION]: (server, message, cause) => readOnlyServer(server, message, cause),
  '53100': (_server, _message, cause) =>
    new BudaoError(
      'unavailable',
      'storage_full',
      'The disk of the database server is full. Free some space or enlarge the volume; nothing stored before is lost.',
      { cause },
    ),
  '53300': (server, message, cause) =>
    new BudaoError(
      'unavailable',
      'ledger_crowded',
      `${sentence(server)} takes no more connections: ${message}. Raise max_connections there, or lower the ` +
        'connections of each process in the configuration.',
      { cause },
    ),
  '55P03': slow,
  '57014': slow,
  [SERIALIZATION_FAILURE]: slow,
  [DEADLOCK_DETECTED]: slow,
  '57P01': unavailable,
  '57P02': unavailable,
  '57P03': unavailable,
  '57P05': unavailable,
  XX001: corrupt,
  XX002: corrupt,
};

/** Connections, resources, and the system below: see the first two letters of SQLSTATE. */
const BY_CLASS: Readonly<Record<string, Translate>> = {
  '08': unavailable,
  '53': unavailable,
  '58': unavailable,
};

export function readOnlyServer(server: string, message: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'ledger_read_only',
    `${sentence(server)} takes no writes: ${message}. Put the primary's address among the hosts, or promote a standby.`,
    { cause },
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
