/** One service on a real PostgreSQL, a real S3 server and a real Redis, with something before each that can break it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { budao } from '../support/cli.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { S3FaultProxy } from '../support/s3-server-faults.ts';
import { Service } from '../support/service.ts';
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts';

/** No superuser, and not the owner of the tables. */
export const LOGIN = 'budao';
export const LEDGER = 'budao';

export interface Trial {
  kind: string;
  ok: boolean;
  message: string;
}

export class EngineStage implements AsyncDisposable {
  readonly folder: string;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly s3: S3Server;
  readonly bucket: string;
  /** Two hosts of the ledger's address. */
  readonly ledgerA: TcpFaultProxy;
  readonly ledgerB: TcpFaultProxy;
  readonly channel: TcpFaultProxy;
  readonly objects: S3FaultProxy;
  service!: Service;
  /** The primary that has taken the place of the first. */
  successor: PostgresServer | null = null;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<
      EngineStage,
      'folder' | 'postgres' | 'redis' | 's3' | 'bucket' | 'ledgerA' | 'ledgerB' | 'channel' | 'objects'
    >,
    stack: AsyncDisposableStack,
  ) {
    this.folder = parts.folder;
    this.postgres = parts.postgres;
    this.redis = parts.redis;
    this.s3 = parts.s3;
    this.bucket = parts.bucket;
    this.ledgerA = parts.ledgerA;
    this.ledgerB = parts.ledgerB;
    this.channel = parts.channel;
    this.objects = parts.objects;
    this.#stack = stack;
  }

  static async start(): Promise<EngineStage> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'budao-engines-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const [postgres, redis, s3] = await Promise.all([startPostgres(), startRedis(), startS3()]);
    for (const engine of [postgres, redis, s3]) stack.use(engine);
    const name = await postgres.createLedger();
    await postgres.query(
      'postgres',
      `ALTER DATABASE ${name} RENAME TO ${LEDGER}; CREATE ROLE ${LOGIN} LOGIN`,
    );
    await postgres.query(
      LEDGER,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${LOGIN}`,
    );
    const stage = new EngineStage(
      {
        folder,
        postgres,
        redis,
        s3,
        bucket: await s3.createBucket(),
        ledgerA: stack.use(await TcpFaultProxy.start(postgres.port)),
        ledgerB: stack.use(await TcpFaultProxy.start(null)),
        channel: stack.use(await TcpFaultProxy.start(redis.port)),
        objects: stack.use(await S3FaultProxy.before(s3)),
      },
      stack.move(),
    );
    await stage.#startService();
    return stage;
  }

  get environment(): Record<string, string> {
    return {
      BUDAO_CONFIG: join(this.folder, 'budao.yaml'),
      BUDAO_LEDGER_URL: this.ledgerUrl(LEDGER),
      BUDAO_CHANNEL_URL: `redis://127.0.0.1:${this.channel.port}`,
      BUDAO_SECRET_KEY_FILE: join(this.folder, 'key'),
      BUDAO_DATA_DIR: join(this.folder, 'data'),
      BUDAO_NODE: 'first',
      BUDAO_WORKERS: '1',
    };
  }

  ledgerUrl(database: string): string {
    return `postgres://${LOGIN}@127.0.0.1:${this.ledgerA.port},127.0.0.1:${this.ledgerB.port}/${database}?sslmode=disable`;
  }

  /** What an operator hears of the engines. */
  async check(environment: Record<string, string> = {}): Promise<Trial[]> {
    const { stdout, stderr } = await budao(['config', 'check', '--json'], {
      environment: { ...this.environment, ...environment },
    });
    try {
      return (JSON.parse(stdout) as { trials: Trial[] }).trials;
    } catch {
      throw new Error(`config check said: ${stdout}${stderr}`);
    }
  }

  async readiness(): Promise<{ isReady: boolean; said: string }> {
    const response = await fetch(`${this.service.url}/readyz?verbose`).catch(() => null);
    if (response === null) return { isReady: false, said: 'no answer' };
    return { isReady: response.ok, said: await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service?.[Symbol.asyncDispose]();
    await this.successor?.[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }

  async #startService(): Promise<void> {
    const { accessKeyId, secretAccessKey } = this.s3.user;
    const credentials = join(this.folder, 'credentials');
    writeFileSync(
      credentials,
      `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
      { mode: 0o600 },
    );
    writeFileSync(join(this.folder, 'key'), Buffer.alloc(32, 7), { mode: 0o600 });
    const bucket = { endpoint: this.objects.endpoint, name: this.bucket, credentialsFile: credentials };
    writeFileSync(
      join(this.folder, 'budao.yaml'),
      JSON.stringify({ stores: { blobs: { bucket } }, answers: {} }),
    );
    const dataDir = join(this.folder, 'data');
    this.service = await Service.start({ dataDir, environment: this.environment });
  }
}
