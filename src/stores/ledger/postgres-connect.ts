import { channel } from 'node:diagnostics_channel';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { Client } from 'pg';
import { BudaoError } from '../../contract/errors.ts';
import { LedgerUnavailableError } from '../../ledger/errors.ts';
import { nameOf, type PostgresAddress, type PostgresHost } from './postgres-address.ts';
import { abandon, PostgresConnection, type ServerIdentity, VALUE_TYPES } from './postgres-connection.ts';
import { isForOperator, readOnlyServer, sqlState, translatePostgresError } from './postgres-errors.ts';

const OLDEST_VERSION = 15;
/** A server behind a broken network is noticed by the kernel after this and ten probes. */
const KEEPALIVE_AFTER_MS = 1_000;

/** A host that is slower than this beside another is not waited for. */
const CHOICE_PATIENCE_MS = 500;

/** As long as SQLite's adapter waits for its lock. */
export const LOCK_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** A process that is frozen within a transaction lets go of its locks as soon as its leases run out. */
export const IDLE_IN_TRANSACTION_MS = 2_000;
/** The server, too, has to notice a process that is cut off: its sessions would take up connections for hours. */
const SERVER_KEEPALIVE = { idle: 5, interval: 1, count: 5, userTimeoutMs: 10_000 };

/** Every session has the same settings, whatever the server, the database or the role says. */
const SESSION = `SELECT current_setting('server_version_num') AS version,
  pg_is_in_recovery() AS recovering, current_setting('transaction_read_only') AS "readOnly",
  set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', false),
  set_config('statement_timeout', '${STATEMENT_TIMEOUT_MS}', false),
  set_config('idle_in_transaction_session_timeout', '${IDLE_IN_TRANSACTION_MS}', false),
  set_config('tcp_keepalives_idle', '${SERVER_KEEPALIVE.idle}', false),
  set_config('tcp_keepalives_interval', '${SERVER_KEEPALIVE.interval}', false),
  set_config('tcp_keepalives_count', '${SERVER_KEEPALIVE.count}', false),
  set_config('tcp_user_timeout', '${SERVER_KEEPALIVE.userTimeoutMs}', false),
  set_config('client_encoding', 'UTF8', false), set_config('standard_conforming_strings', 'on', false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)`;

/** The timeline is the first part of the name of the file that is being written to. */
const IDENTITY = `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS "systemIdentifier",
  substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline`;

interface Target {
  host: PostgresHost;
  /** What the name stands for at this moment, or a socket's folder. */
  address: string;
}

/**
 * Connects to whichever of the hosts takes writes. Names are looked up anew each time, files read anew.
 *
 * Of two that take writes, one was the primary before the other, and came back as if nothing had been: what is stored
 * there is lost. Its timeline is the older one. So the first connection looks at all hosts, and none after it goes back.
 */
export class PostgresConnector {
  readonly #address: PostgresAddress;
  readonly #passwordPath: string | null;
  /** The host that took writes last is asked first. */
  #preferred: PostgresHost | null = null;
  #newest: ServerIdentity | null = null;

  constructor(address: PostgresAddress, passwordPath: string | null) {
    this.#address = address;
    this.#passwordPath = passwordPath;
  }

  /** @throws BudaoError ledger_unavailable, ledger_read_only, ledger_login_refused, ledger_too_old and their kin */
  async connect(): Promise<PostgresConnection> {
    const { hosts } = this.#address;
    const failures: BudaoError[] = [];
    if (this.#preferred === null && hosts.length > 1) {
      const connection = await this.#connectToNewest(hosts, failures);
      if (connection !== null) return connection;
      throw mostTelling(failures);
    }
    for (const host of this.#inOrder()) {
      const connection = await this.#connectToHost(host, failures);
      if (connection !== null) return this.#use(host, connection);
    }
    throw mostTelling(failures);
  }

  /** One that does not answer is waited for only until another has. */
  async #connectToNewest(
    hosts: readonly PostgresHost[],
    failures: BudaoError[],
  ): Promise<PostgresConnection | null> {
    const found: { host: PostgresHost; connection: PostgresConnection }[] = [];
    let isChosen = false;
    // Told in the order of the address, whichever fails first.
    const failuresByHost = hosts.map((): BudaoError[] => []);
    const attempts = hosts.map(async (host, position) => {
      const connection = await this.#connectToHost(host, failuresByHost[position] ?? []);
      if (connection === null) return Promise.reject(new Error(nameOf(host)));
      if (isChosen) void connection.close();
      else found.push({ host, connection });
    });
    await Promise.any(attempts).catch(() => {});
    await Promise.race([Promise.allSettled(attempts), sleep(CHOICE_PATIENCE_MS, undefined, { ref: false })]);
    isChosen = true;
    failures.push(...failuresByHost.flat());
    const newest = found.reduce<(typeof found)[number] | null>(
      (best, one) =>
        best === null || isOlder(best.connection.identity, one.connection.identity) ? one : best,
      null,
    );
    for (const { connection } of found) if (connection !== newest?.connection) void connection.close();
    return newest === null ? null : this.#use(newest.host, newest.connection);
  }

  async #connectToHost(host: PostgresHost, failures: BudaoError[]): Promise<PostgresConnection | null> {
    const targets = await lookUp(host).catch((error: unknown) => {
      failures.push(unreachable(host, error));
      return [];
    });
    for (const target of targets) {
      try {
        const connection = await this.#connectTo(target);
        if (!isOlder(connection.identity, this.#newest)) return connection;
        void connection.close();
        failures.push(formerPrimary(host));
      } catch (error) {
        failures.push(translatePostgresError(error, nameOf(host)) ?? unreachable(host, error));
      }
    }
    return null;
  }

  #use(host: PostgresHost, connection: PostgresConnection): PostgresConnection {
    this.#preferred = host;
    this.#newest = connection.identity ?? this.#newest;
    return connection;
  }

  #inOrder(): readonly PostgresHost[] {
    const preferred = this.#preferred;
    if (preferred === null) return this.#address.hosts;
    return [preferred, ...this.#address.hosts.filter((host) => host !== preferred)];
  }

  async #connectTo(target: Target): Promise<PostgresConnection> {
    const { database, user, connectTimeoutMs, applicationName } = this.#address;
    const client = new Client({
      host: target.address,
      port: target.host.port,
      database,
      user,
      // As a function, or the driver looks for one in the environment.
      password: () => this.#readPassword(),
      ssl: await this.#readTls(target.host),
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
      application_name: applicationName,
      types: VALUE_TYPES,
      pipeline: true,
      stream: openSocket,
    });
    // The same failure also rejects what is awaited.
    client.on('error', () => {});
    const timer = setTimeout(() => abandon(client), 2 * connectTimeoutMs);
    try {
      await client.connect();
      const connection = new PostgresConnection(client, nameOf(target.host));
      await prepareSession(connection);
      connection.identity = await readIdentity(connection);
      return connection;
    } catch (error) {
      abandon(client);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #readPassword(): Promise<string> {
    if (this.#passwordPath === null) return this.#address.password ?? '';
    const text = await readOwnFile(this.#passwordPath, 'password');
    return text.replace(/\r?\n$/, '');
  }

  async #readTls(host: PostgresHost): Promise<ConnectionOptions | false> {
    const { tlsMode, rootCertificatePath, certificatePath, keyPath } = this.#address;
    if (tlsMode === 'disable' || host.host.startsWith('/')) return false;
    const read = async (path: string | null, what: string) =>
      path === null ? undefined : await readOwnFile(path, what);
    const [ca, cert, key] = await Promise.all([
      read(rootCertificatePath, 'root certificate'),
      read(certificatePath, 'certificate'),
      read(keyPath, 'key'),
    ]);
    return {
      rejectUnauthorized: tlsMode !== 'require',
      ...(isIP(host.host) === 0 ? { servername: host.host } : {}),
      ...(tlsMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
  }
}

const newSockets = channel('net.client.socket');

/** Made known as Node makes known its own, which it does not for those that the driver makes. */
function openSocket(): Socket {
  const socket = new Socket();
  newSockets.publish({ socket });
  return socket;
}

async function prepareSession(connection: PostgresConnection): Promise<void> {
  const { rows } = await connection.command(SESSION);
  const { version, recovering, readOnly } = rows[0] as {
    version: string;
    recovering: number;
    readOnly: string;
  };
  const major = Math.floor(Number(version) / 10_000);
  if (major < OLDEST_VERSION) {
    throw new BudaoError(
      'unavailable',
      'ledger_too_old',
      `PostgreSQL on ${connection.server} is version ${major}. Upgrade it to ${OLDEST_VERSION} or later.`,
    );
  }
  if (recovering === 1) throw readOnlyServer(connection.server, 'it is a standby, or still recovering');
  if (readOnly === 'on') throw readOnlyServer(connection.server, 'default_transaction_read_only is on');
}

/** Null where a server keeps it to itself: then the outcome of a commit whose answer was lost stays unknown. */
async function readIdentity(connection: PostgresConnection): Promise<ServerIdentity | null> {
  try {
    return (await connection.command(IDENTITY)).rows[0] as unknown as ServerIdentity;
  } catch (error) {
    if (sqlState(error) === undefined) throw error;
    return null;
  }
}

/** Of the same database, before a promotion that the other has behind it. */
function isOlder(one: ServerIdentity | null, other: ServerIdentity | null): boolean {
  if (one === null || other === null) return false;
  return one.systemIdentifier === other.systemIdentifier && one.timeline < other.timeline;
}

/** All addresses of a name, as of now: after a fail-over it may stand for another machine. */
async function lookUp(host: PostgresHost): Promise<Target[]> {
  if (host.host.startsWith('/') || isIP(host.host) !== 0) return [{ host, address: host.host }];
  const found = await lookup(host.host, { all: true });
  return found.map(({ address }) => ({ host, address }));
}

async function readOwnFile(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new BudaoError(
      'unavailable',
      'ledger_login_refused',
      `The file with the ${what} for the ledger's database cannot be read: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}

function unreachable(host: PostgresHost, error: unknown): BudaoError {
  const { message, code } = error as NodeJS.ErrnoException;
  const advice = /does not support SSL/.test(message)
    ? ' Switch TLS on there, or add sslmode=disable to the address where the network is trusted.'
    : '';
  const reason = message === '' ? (code ?? 'unknown') : message;
  return new LedgerUnavailableError(`${nameOf(host)} cannot be reached: ${reason}.${advice}`, error);
}

function formerPrimary(host: PostgresHost): BudaoError {
  return new BudaoError(
    'unavailable',
    'ledger_former_primary',
    `${nameOf(host)} takes writes, but another server was promoted since and has what it lacks. Stop it, and make it a ` +
      'standby of the primary, with pg_rewind or a new base backup.',
  );
}

/** What an operator must change comes first, then a server that answers but does not write, then all that is away. */
function mostTelling(failures: readonly BudaoError[]): BudaoError {
  const telling =
    failures.find(isForOperator) ?? failures.find((failure) => failure.code !== 'ledger_unavailable');
  if (telling !== undefined) return telling;
  return new LedgerUnavailableError(
    `No database server can be reached. ${failures.map((failure) => failure.message).join(' ')}`,
    failures.at(-1),
  );
}
