/** What the nodes of a cluster share: PostgreSQL with a standby that takes part in every commit, Redis, a folder or a bucket. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finaliser } from '../finaliser.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { type S3Server, startS3 } from '../s3-server.ts';
import { S3FaultProxy } from '../s3-server-faults.ts';
import { until } from '../until.ts';

const run = promisify(execFile);
const KEY_BYTES = 32;
const CONFIGURATION = 'budao.yaml';
/** Everybody who can reach the test's own network: only the machines of the test. */
const ACCESS = ['local all all trust', 'host all all all trust', 'host replication all all trust'];

/** A bucket as the nodes reach it: through a proxy that can spoil things. */
export interface SharedBucket {
  server: S3Server;
  proxy: S3FaultProxy;
  name: string;
}

export interface SharedStoresOptions {
  /** Where documents and index are. */
  files?: 'folder' | 'bucket';
  /** How nodes tell each other of news. */
  hints?: 'redis' | 'database';
}

export class SharedStores implements AsyncDisposable {
  readonly #host: string;
  readonly #finaliser: Finaliser;
  readonly #folder: string;
  readonly #ports: readonly [number, number];
  /** Null where nodes hint to each other through the database. */
  readonly redis: RedisServer | null;
  /** Null where documents and index are in a folder. */
  readonly bucket: SharedBucket | null;
  readonly database: string;
  primary: PostgresServer;
  #standby: PostgresServer;

  private constructor(parts: {
    host: string;
    finaliser: Finaliser;
    folder: string;
    redis: RedisServer | null;
    bucket: SharedBucket | null;
    database: string;
    primary: PostgresServer;
    standby: PostgresServer;
  }) {
    this.#host = parts.host;
    this.#finaliser = parts.finaliser;
    this.#folder = parts.folder;
    this.redis = parts.redis;
    this.bucket = parts.bucket;
    this.database = parts.database;
    this.primary = parts.primary;
    this.#standby = parts.standby;
    this.#ports = [parts.primary.port, parts.standby.port];
  }

  /** @param host the address at which the nodes reach all this */
  static async start(
    host: string,
    finaliser: Finaliser,
    { files = 'folder', hints = 'redis' }: SharedStoresOptions = {},
  ): Promise<SharedStores> {
    const starting = files === 'bucket' ? startBucket(host) : null;
    const listen = settingsFor(host);
    const primary = await startPostgres({ settings: listen, access: ACCESS });
    const database = await primary.createLedger();
    const standby = await primary.startStandby({ settings: listen });
    await waitForStandby(primary);
    const bind = { bind: host === '127.0.0.1' ? host : `127.0.0.1 ${host}`, 'protected-mode': 'no' };
    const redis = hints === 'redis' ? await startRedis({ settings: bind }) : null;
    const folder = mkdtempSync(join(tmpdir(), 'budao-shared-'));
    writeFileSync(join(folder, 'key'), Buffer.alloc(KEY_BYTES, 7), { mode: 0o600 });
    mkdirSync(join(folder, 'mount'));
    finaliser.add(`umount '${folder}/mount'; rm -rf '${folder}'`);
    const bucket = await starting;
    if (bucket !== null) writeBucketConfiguration(folder, bucket);
    return new SharedStores({ host, finaliser, folder, redis, bucket, database, primary, standby });
  }

  /** What every node is told of it. */
  get environment(): Record<string, string> {
    const hosts = this.#ports.map((port) => `${this.#host}:${port}`).join(',');
    return {
      BUDAO_LEDGER_URL: `postgres://postgres@${hosts}/${this.database}?sslmode=disable`,
      ...(this.redis === null ? {} : { BUDAO_CHANNEL_URL: `redis://${this.#host}:${this.redis.port}` }),
      ...(this.bucket === null
        ? {
            BUDAO_BLOBS_FOLDER: join(this.#mount, 'blobs'),
            BUDAO_INDEX_FOLDER: join(this.#mount, 'index'),
          }
        : { BUDAO_CONFIG: join(this.#folder, CONFIGURATION) }),
      BUDAO_SECRET_KEY_FILE: join(this.#folder, 'key'),
    };
  }

  get #mount(): string {
    return join(this.#folder, 'mount');
  }

  async query(text: string): Promise<Record<string, unknown>[]> {
    return this.primary.query(this.database, text);
  }

  async restartPrimary(): Promise<void> {
    await this.primary.start();
    await waitForStandby(this.primary);
  }

  /** The primary is gone, and the standby takes its place. */
  async failOver(): Promise<void> {
    const dead = this.primary;
    await dead.kill();
    // Nobody follows the new one yet: it would wait for its own standby for ever.
    await this.#standby.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = ''`);
    await this.#standby.query('postgres', 'SELECT pg_reload_conf()');
    await this.#standby.promote();
    this.primary = this.#standby;
    this.#standby = dead;
  }

  /** A new standby where the dead server was. */
  async replaceStandby(): Promise<void> {
    const { port } = this.#standby;
    await this.#standby[Symbol.asyncDispose]();
    this.#standby = await this.primary.startStandby({ port, settings: settingsFor(this.#host) });
    await waitForStandby(this.primary);
  }

  /** As when a network drive is not mounted. */
  async hideFolder(): Promise<() => void> {
    const hidden = `${this.#mount}-hidden`;
    renameSync(this.#mount, hidden);
    const undo = `if [ -d '${hidden}' ]; then rm -rf '${this.#mount}'; mv '${hidden}' '${this.#mount}'; fi`;
    const forget = this.#finaliser.add(undo);
    return () => {
      if (existsSync(this.#mount)) throw new Error('somebody made the shared folder anew while it was away');
      renameSync(hidden, this.#mount);
      forget();
    };
  }

  async makeFolderReadOnly(): Promise<() => Promise<void>> {
    await run('mount', ['--bind', this.#mount, this.#mount]);
    await run('mount', ['-o', 'remount,ro,bind', this.#mount]);
    // The first mount stays for as long as a process has a file of it open; a lazy end does not wait for that.
    return async () => void (await run('umount', ['--lazy', this.#mount]));
  }

  isFolderWritable(): boolean {
    try {
      const path = join(this.#mount, '.probe');
      writeFileSync(path, '');
      void rm(path, { force: true });
      return true;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis?.[Symbol.asyncDispose]();
    await this.bucket?.proxy[Symbol.asyncDispose]();
    await this.bucket?.server[Symbol.asyncDispose]();
    await this.primary[Symbol.asyncDispose]();
    await this.#standby[Symbol.asyncDispose]();
    await run('umount', ['--lazy', this.#mount]).catch(() => undefined);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function startBucket(host: string): Promise<SharedBucket> {
  const server = await startS3();
  const proxy = await S3FaultProxy.before(server, host);
  return { server, proxy, name: await server.createBucket() };
}

function writeBucketConfiguration(folder: string, { server, proxy, name }: SharedBucket): void {
  const { accessKeyId, secretAccessKey } = server.user;
  const credentialsFile = join(folder, 'credentials');
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  writeFileSync(credentialsFile, `[default]\n${keys}`, { mode: 0o600 });
  const bucket = { endpoint: proxy.endpoint, region: server.region, name, credentialsFile };
  writeFileSync(join(folder, CONFIGURATION), JSON.stringify({ stores: { blobs: { bucket } } }));
}

/** A standby looks for its primary again at once, so that tests do not wait for it. */
function settingsFor(host: string): Record<string, string> {
  return { listen_addresses: `'127.0.0.1,${host}'`, wal_retrieve_retry_interval: '100ms' };
}

/** From now on a commit counts when both servers have it. */
async function waitForStandby(primary: PostgresServer): Promise<void> {
  await primary.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await primary.query('postgres', 'SELECT pg_reload_conf()');
  let states: unknown[] = [];
  await until(
    async () => {
      const rows = await primary
        .query('postgres', 'SELECT sync_state FROM pg_stat_replication')
        .catch(() => []);
      states = rows.map((row) => row.sync_state);
      return states.includes('sync');
    },
    30_000,
    () => `no standby follows: ${JSON.stringify(states)}`,
  );
}
