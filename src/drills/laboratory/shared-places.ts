/** What the nodes of a cluster share: PostgreSQL with a standby that takes part in every commit, Redis, a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresPair, SUPERUSER } from './postgres.ts';
import type { Environment } from './program.ts';
import { LaboratoryRedis } from './redis.ts';
import { TcpFaultProxy } from './tcp-fault-proxy.ts';

const KEY_BYTES = 32;
const DATABASE = 'budao';
const LOOPBACK = '127.0.0.1';

export class SharedPlaces implements AsyncDisposable {
  readonly postgres: PostgresPair;
  readonly redis: LaboratoryRedis;
  /** Where documents and index are. */
  readonly mount: string;
  readonly databaseProxies: readonly TcpFaultProxy[];
  readonly redisProxy: TcpFaultProxy | null;
  readonly #folder: string;
  readonly #address: string;

  private constructor(parts: {
    postgres: PostgresPair;
    redis: LaboratoryRedis;
    folder: string;
    address: string;
    databaseProxies: readonly TcpFaultProxy[];
    redisProxy: TcpFaultProxy | null;
  }) {
    this.postgres = parts.postgres;
    this.redis = parts.redis;
    this.databaseProxies = parts.databaseProxies;
    this.redisProxy = parts.redisProxy;
    this.#folder = parts.folder;
    this.#address = parts.address;
    this.mount = join(parts.folder, 'mount');
  }

  static async create(place: {
    mark: string;
    folder: string;
    address: string;
    proxied: boolean;
  }): Promise<SharedPlaces> {
    const { mark, folder, address, proxied } = place;
    // The database's own user has to pass through.
    mkdirSync(join(folder, 'mount'), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, 'key'), Buffer.alloc(KEY_BYTES, 7), { mode: 0o600 });
    const postgres = await PostgresPair.create({ mark, folder: join(folder, 'postgres'), address });
    await postgres.primary.query('postgres', `CREATE DATABASE ${DATABASE} TEMPLATE template0`);
    const redis = await LaboratoryRedis.create({ mark, folder: join(folder, 'redis'), address });
    const proxyTo = (port: number) => TcpFaultProxy.start({ host: LOOPBACK, port }, address);
    const databaseProxies = proxied ? await Promise.all(postgres.ports.map(proxyTo)) : [];
    const redisProxy = proxied ? await proxyTo(redis.port) : null;
    return new SharedPlaces({ postgres, redis, folder, address, databaseProxies, redisProxy });
  }

  /** What every node is told of it. */
  get environment(): Environment {
    const ports =
      this.databaseProxies.length > 0 ? this.databaseProxies.map(({ port }) => port) : this.postgres.ports;
    const hosts = ports.map((port) => `${this.#address}:${port}`).join(',');
    return {
      BUDAO_LEDGER_URL: `postgres://${SUPERUSER}@${hosts}/${DATABASE}?sslmode=disable`,
      BUDAO_CHANNEL_URL: `redis://${this.#address}:${this.redisPort}`,
      BUDAO_BLOBS_FOLDER: join(this.mount, 'blobs'),
      BUDAO_INDEX_FOLDER: join(this.mount, 'index'),
      BUDAO_SECRET_KEY_FILE: join(this.#folder, 'key'),
    };
  }

  /** Where nodes reach the primary. */
  get databasePort(): number {
    const { ports, primary } = this.postgres;
    return this.databaseProxies[ports.indexOf(primary.port)]?.port ?? primary.port;
  }

  get redisPort(): number {
    return this.redisProxy?.port ?? this.redis.port;
  }

  async query(text: string): Promise<string[]> {
    return this.postgres.primary.query(DATABASE, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.databaseProxies) await proxy[Symbol.asyncDispose]();
    await this.redisProxy?.[Symbol.asyncDispose]();
    await this.redis.kill();
    await this.postgres.primary.kill();
  }
}
