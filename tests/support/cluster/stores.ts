/** What the nodes of a cluster share: PostgreSQL with a standby that takes part in every commit, Redis, a folder. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finaliser } from '../finaliser.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { until } from '../until.ts';

const run = promisify(execFile);
const KEY_BYTES = 32;
/** Everybody who can reach the test's own network: only the machines of the test. */
const ACCESS = ['local all all trust', 'host all all all trust', 'host replication all all trust'];

export class SharedStores implements AsyncDisposable {
  readonly #host: string;
  readonly #finaliser: Finaliser;
  readonly #folder: string;
  readonly #ports: readonly [number, number];
  readonly redis: RedisServer;
  readonly database: string;
  primary: PostgresServer;
  #standby: PostgresServer;

  private constructor(parts: {
    host: string;
    finaliser: Finaliser;
    folder: string;
    redis: RedisServer;
    database: string;
    primary: PostgresServer;
    standby: PostgresServer;
  }) {
    this.#host = parts.host;
    this.#finaliser = parts.finaliser;
    this.#folder = parts.folder;
    this.redis = parts.redis;
    this.database = parts.database;
    this.primary = parts.primary;
    this.#standby = parts.standby;
    this.#ports = [parts.primary.port, parts.standby.port];
  }

  /** @param host the address at which the nodes reach all this */
  static async start(host: string, finaliser: Finaliser): Promise<SharedStores> {
    const listen = settingsFor(host);
    const primary = await startPostgres({ settings: listen, access: ACCESS });
    const database = await primary.createLedger();
    const standby = await primary.startStandby({ settings: listen });
    await waitForStandby(primary);
    const bind = { bind: host === '127.0.0.1' ? host : `127.0.0.1 ${host}`, 'protected-mode': 'no' };
    const redis = await startRedis({ settings: bind });
    const folder = mkdtempSync(join(tmpdir(), 'budao-shared-'));
    writeFileSync(join(folder, 'key'), Buffer.alloc(KEY_BYTES, 7), { mode: 0o600 });
    mkdirSync(join(folder, 'mount'));
    finaliser.add(`umount '${folder}/mount'; rm -rf '${folder}'`);
    return new SharedStores({ host, finaliser, folder, redis, database, primary, standby });
  }

  /** What every node is told of it. */
  get environment(): Record<string, string> {
    const hosts = this.#ports.map((port) => `${this.#host}:${port}`).join(',');
    return {
      BUDAO_LEDGER_URL: `postgres://postgres@${hosts}/${this.database}?sslmode=disable`,
      BUDAO_CHANNEL_URL: `redis://${this.#host}:${this.redis.port}`,
      BUDAO_BLOBS_FOLDER: join(this.#mount, 'blobs'),
      BUDAO_INDEX_FOLDER: join(this.#mount, 'index'),
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
    await this.redis[Symbol.asyncDispose]();
    await this.primary[Symbol.asyncDispose]();
    await this.#standby[Symbol.asyncDispose]();
    await run('umount', ['--lazy', this.#mount]).catch(() => undefined);
    await rm(this.#folder, { recursive: true, force: true });
  }
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
