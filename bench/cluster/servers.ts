import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresServer, startPostgres } from '../../tests/support/postgres-server.ts';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.ts';
import { treeCpuMs } from './process-cpu.ts';

export interface ServerCpu {
  postgresMs: number;
  redisMs: number;
}

/** PostgreSQL as it is run for data that matters, every commit synced, and Redis. */
export class Servers implements AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly #stack: AsyncDisposableStack;

  private constructor(postgres: PostgresServer, redis: RedisServer, stack: AsyncDisposableStack) {
    this.postgres = postgres;
    this.redis = redis;
    this.#stack = stack;
  }

  static async start(): Promise<Servers> {
    await using stack = new AsyncDisposableStack();
    const settings = {
      fsync: 'on',
      synchronous_commit: 'on',
      shared_buffers: '256MB',
      max_connections: '200',
    };
    const postgres = stack.use(await startPostgres({ settings }));
    const redis = stack.use(await startRedis());
    return new Servers(postgres, redis, stack.move());
  }

  /** @returns the address of an empty ledger */
  async createLedger(): Promise<string> {
    return `${this.postgres.url(await this.postgres.createLedger())}?sslmode=disable`;
  }

  /** What both have used so far. */
  async cpu(): Promise<ServerCpu> {
    const pid = Number(readFileSync(join(this.postgres.folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return { postgresMs: treeCpuMs(pid), redisMs: await this.redis.cpuMs() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
