/** A real Redis or Valkey server of one test file's own: on its own port and folder, killed, frozen, emptied at will. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createClient } from '@redis/client';
import { freePort } from './free-port.ts';
import { Frozen } from './frozen.ts';
import { until } from './until.ts';

const PROGRAMS = ['redis-server', 'valkey-server'];
const START_DEADLINE_MS = 20_000;

export interface RedisServerOptions {
  /** Lines of redis.conf, as name and value. */
  settings?: Readonly<Record<string, string>>;
  password?: string;
  /** Paths; it speaks TLS only then. */
  tls?: { certificate: string; key: string };
  /** The file that a Sentinel keeps its settings in; it is one then. */
  sentinelPath?: string;
}

export class RedisServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | null = null;
  #frozen: Frozen | null = null;

  constructor(folder: string, port: number, options: RedisServerOptions) {
    this.folder = folder;
    this.port = port;
    this.#options = options;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers. It keeps nothing: whoever starts it again finds it empty. */
  async start(): Promise<void> {
    const { password, settings, sentinelPath, tls } = this.#options;
    const all: Record<string, string> = {
      ...(tls === undefined ? { port: String(this.port) } : tlsSettings(this.port, tls)),
      bind: '127.0.0.1',
      dir: this.folder,
      ...(sentinelPath === undefined ? { save: '' } : {}),
      ...(password === undefined ? {} : { requirepass: password }),
      ...settings,
    };
    const role = sentinelPath === undefined ? [] : [sentinelPath, '--sentinel'];
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]);
    // It stops when the tests are killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', findProgram(), ...role, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    let log = '';
    child.stdout?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`Redis did not start: ${log}`);
        return /Ready to accept connections|\+monitor master/.test(log);
      },
      START_DEADLINE_MS,
      () => `Redis did not start: ${log}`,
    );
  }

  /** Gone without a goodbye. */
  async kill(): Promise<void> {
    this.thaw();
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async restartEmpty(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** It keeps its connections and says nothing more. */
  async freeze(): Promise<void> {
    this.#frozen = await Frozen.freeze(this.#process?.pid as number);
  }

  thaw(): void {
    this.#frozen?.thaw();
    this.#frozen = null;
  }

  /** Makes it follow another server, read-only; its connections stay. */
  async becomeReplicaOf(port: number): Promise<void> {
    await this.command(['REPLICAOF', '127.0.0.1', String(port)]);
  }

  async becomePrimary(): Promise<void> {
    await this.command(['REPLICAOF', 'NO', 'ONE']);
  }

  async command(words: string[]): Promise<unknown> {
    const { password } = this.#options;
    const client = createClient({ url: this.url, ...(password === undefined ? {} : { password }) });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  /** CPU that it has used since its start, in milliseconds. */
  async cpuMs(): Promise<number> {
    const text = String(await this.command(['INFO', 'cpu']));
    const seconds = [...text.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map((found) => Number(found[1]));
    return seconds.reduce((sum, one) => sum + one, 0) * 1_000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-redis-'));
  const server = new RedisServer(folder, await freePort(), options);
  await server.start();
  return server;
}

function tlsSettings(port: number, tls: { certificate: string; key: string }): Record<string, string> {
  return {
    port: '0',
    'tls-port': String(port),
    'tls-cert-file': tls.certificate,
    'tls-key-file': tls.key,
    'tls-ca-cert-file': tls.certificate,
    'tls-auth-clients': 'no',
  };
}

function findProgram(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = PROGRAMS.find((program) => folders.some((folder) => existsSync(join(folder, program))));
  if (found === undefined) throw new Error('Redis is not installed: apt-get install redis-server');
  return found;
}
