import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createClient, type RedisClientOptions, type RedisClientType } from '@redis/client';
import { BudaoError } from '../../contract/errors.ts';
import { channelLoginRefused, channelUnavailable, channelWrongServer } from './channel-errors.ts';
import { nameOf, type RedisAddress, type RedisHost } from './redis-address.ts';
import { explainRedisError } from './redis-errors.ts';

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 2_000;
/** A server behind a broken network is noticed by the kernel, should it ever be idle. */
const KEEPALIVE_AFTER_MS = 1_000;

export type RedisConnection = RedisClientType;

/** A connection for what is published and one for what is heard, both to one server that is no replica. */
export interface RedisLink {
  publisher: RedisConnection;
  subscriber: RedisConnection;
  /** For messages. */
  server: string;
}

export interface RedisCredentials {
  /** Files with the user or the password alone, read anew at each connect; null where the address says it. */
  userPath: string | null;
  passwordPath: string | null;
}

/** Connects to whichever of the hosts is no replica. Names are looked up anew each time, files read anew. */
export class RedisConnector {
  readonly #address: RedisAddress;
  readonly #credentials: RedisCredentials;
  /** The host that was of use last is asked first. */
  #preferred: RedisHost | null = null;

  constructor(address: RedisAddress, credentials: RedisCredentials) {
    this.#address = address;
    this.#credentials = credentials;
  }

  /** @throws BudaoError channel_unavailable, channel_login_refused, channel_wrong_server */
  async connect(): Promise<RedisLink> {
    const failures: BudaoError[] = [];
    for (const asked of this.#inOrder()) {
      let host = asked;
      try {
        if (this.#address.sentinelPrimary !== null) {
          host = await this.#askSentinel(asked, this.#address.sentinelPrimary);
        }
        const link = await this.#connectTo(host);
        this.#preferred = asked;
        return link;
      } catch (error) {
        failures.push(explainRedisError(error, nameOf(host)));
      }
    }
    throw mostTelling(failures);
  }

  #inOrder(): readonly RedisHost[] {
    const preferred = this.#preferred;
    if (preferred === null) return this.#address.hosts;
    return [preferred, ...this.#address.hosts.filter((host) => host !== preferred)];
  }

  async #connectTo(host: RedisHost): Promise<RedisLink> {
    const options = await this.#options(host, true);
    const publisher = await open(options);
    try {
      await requirePrimary(publisher, nameOf(host));
      return { publisher, subscriber: await open(options), server: nameOf(host) };
    } catch (error) {
      publisher.destroy();
      throw error;
    }
  }

  /** Sentinels are asked without a login, as they have none of the server's users. */
  async #askSentinel(host: RedisHost, primary: string): Promise<RedisHost> {
    const sentinel = await open(await this.#options(host, false));
    try {
      const reply = await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primary]);
      if (!Array.isArray(reply)) {
        throw channelWrongServer(`The Sentinel ${nameOf(host)} knows no primary named ${primary}.`);
      }
      return { host: String(reply[0]), port: Number(reply[1]) };
    } finally {
      sentinel.destroy();
    }
  }

  async #options({ host, port }: RedisHost, withLogin: boolean): Promise<RedisClientOptions> {
    const { tls, rootCertificatePath, certificatePath, keyPath, ...address } = this.#address;
    const { userPath, passwordPath } = this.#credentials;
    const read = (path: string | null, what: string) => (path === null ? undefined : readOwnFile(path, what));
    const [user, password, ca, cert, key] = await Promise.all([
      read(userPath, 'user'),
      read(passwordPath, 'password'),
      read(rootCertificatePath, 'root certificate'),
      read(certificatePath, 'certificate'),
      read(keyPath, 'key'),
    ]);
    const username = firstLine(user) ?? address.user;
    const secret = firstLine(password) ?? address.password;
    const common = {
      host,
      port,
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_AFTER_MS,
      reconnectStrategy: false as const,
    };
    return {
      socket: tls
        ? {
            ...common,
            tls: true,
            ...(isIP(host) === 0 ? { servername: host } : {}),
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
          }
        : common,
      ...(withLogin && username !== null ? { username } : {}),
      ...(withLogin && secret !== null ? { password: secret } : {}),
      name: 'budao',
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
      commandOptions: { timeout: COMMAND_TIMEOUT_MS },
    };
  }
}

/** @throws BudaoError channel_wrong_server */
export async function requirePrimary(connection: RedisConnection, server: string): Promise<void> {
  const { role, mode } = await connection.hello();
  if (String(mode) === 'sentinel') {
    throw channelWrongServer(
      `${server} is a Sentinel. Add ?sentinel= with the primary's name to the address.`,
    );
  }
  // In a Redis Cluster replicas pass messages on to everybody, too.
  if (String(role) === 'master' || String(mode) === 'cluster') return;
  throw channelWrongServer(
    `${server} is a read-only replica: what is published there is heard there only. ` +
      "Put the primary's address among the hosts, or ask Sentinels with ?sentinel=.",
  );
}

async function open(options: RedisClientOptions): Promise<RedisConnection> {
  const client = createClient(options) as RedisConnection;
  let failure: unknown = null;
  // The same failure also rejects what is awaited, except for an answer that is no Redis.
  const failed = new Promise<never>((_, reject) => {
    client.on('error', (error) => {
      failure ??= error;
      reject(error as Error);
    });
  });
  failed.catch(() => {});
  const timer = setTimeout(() => client.destroy(), CONNECT_TIMEOUT_MS);
  try {
    await Promise.race([client.connect(), failed]);
    if (!client.isReady) throw channelUnavailable('it does not answer');
    return client;
  } catch (error) {
    client.destroy();
    throw failure ?? error;
  } finally {
    clearTimeout(timer);
  }
}

async function readOwnFile(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw channelLoginRefused(
      `The file with the ${what} for the live channel cannot be read: ${message}.`,
      error,
    );
  }
}

function firstLine(text: string | undefined): string | null {
  return text?.split(/\r?\n/, 1)[0] ?? null;
}

/** What an operator must change comes first, then all that is away. */
function mostTelling(failures: readonly BudaoError[]): BudaoError {
  const telling =
    failures.find((failure) => failure.code === 'channel_login_refused') ??
    failures.find((failure) => failure.code !== 'channel_unavailable');
  if (telling !== undefined) return telling;
  return channelUnavailable(
    `No server of the live channel can be reached. ${failures.map((failure) => failure.message).join(' ')}`,
    failures.at(-1),
  );
}
