/** One node of a cluster: the program as a user starts it, on a machine of its own where the test can make one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finaliser } from '../finaliser.ts';
import { freePort } from '../free-port.ts';
import { ROOT } from '../service.ts';
import { until } from '../until.ts';
import type { NetworkHost } from './network.ts';

const PORT = 7860;
const READY_DEADLINE_MS = 60_000;
const PROBE_MS = 1_000;
export const API_KEY = 'bdk_test_0123456789abcdefghijkl';

export interface NodeOptions {
  name: string;
  role: 'all' | 'api' | 'worker';
  /** Null where machines cannot be made: then it listens on loopback. */
  host: NetworkHost | null;
  environment: Record<string, string>;
  /** How much its clock is ahead. */
  clockAheadMs?: number;
  finaliser: Finaliser;
  /** Whether its worker has reported, for a node that nobody can ask over HTTP. */
  hasWorker: (name: string) => Promise<boolean>;
}

export class ClusterNode implements AsyncDisposable {
  readonly name: string;
  readonly host: NetworkHost | null;
  readonly url: string;
  readonly servesClients: boolean;
  readonly #options: NodeOptions;
  readonly #port: number;
  readonly #dataDir: string;
  #child: ChildProcess | null = null;
  #forget: () => void = () => {};
  #output = '';

  private constructor(options: NodeOptions, port: number) {
    this.name = options.name;
    this.host = options.host;
    this.servesClients = options.role !== 'worker';
    this.#options = options;
    this.#port = port;
    this.url = `http://${options.host?.address ?? '127.0.0.1'}:${port}`;
    this.#dataDir = mkdtempSync(join(tmpdir(), `budao-node-${options.name}-`));
  }

  static async start(options: NodeOptions): Promise<ClusterNode> {
    const node = new ClusterNode(options, options.host === null ? await freePort() : PORT);
    await node.start();
    return node;
  }

  get output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    this.spawn();
    await this.untilReady();
  }

  /** Starts without waiting. */
  spawn(): void {
    const { host, name, role, environment, clockAheadMs = 0 } = this.#options;
    const shell = host?.shell ?? 'exec "$@"';
    const child = spawn('sh', ['-c', shell, 'sh', process.execPath, join(ROOT, 'scripts/up.mjs')], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BUDAO_HOST: host?.address ?? '127.0.0.1',
        BUDAO_PORT: String(this.#port),
        BUDAO_DATA_DIR: this.#dataDir,
        BUDAO_BOOTSTRAP_API_KEY: API_KEY,
        BUDAO_LOG_LEVEL: 'warn',
        BUDAO_SAMPLE: '0',
        BUDAO_WORKERS: '1',
        BUDAO_NODE: name,
        BUDAO_ROLE: role,
        ...environment,
        ...(clockAheadMs === 0 ? {} : withShiftedClock(clockAheadMs)),
      },
    });
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#child = child;
    this.#forget = this.#options.finaliser.add(`kill -s KILL -- -${child.pid}`);
  }

  async untilReady(): Promise<void> {
    const child = this.#child;
    await until(
      async () => {
        if (child !== null && child.exitCode !== null)
          throw new Error(`${this.name} ended:\n${this.#output}`);
        return this.isReady();
      },
      READY_DEADLINE_MS,
      () => `${this.name} was never ready:\n${this.#output.slice(-4_000)}`,
    );
  }

  async isReady(): Promise<boolean> {
    if (!this.servesClients) return this.#options.hasWorker(this.name);
    return fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
  }

  /** Everything of this node at once, as when its power goes. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    process.kill(-child.pid, 'SIGKILL');
    await ended;
    // A killed process holds its port until the kernel has taken it apart.
    await until(() => this.group().length === 0);
    this.#forget();
  }

  freeze(): void {
    process.kill(-(this.#child?.pid as number), 'SIGSTOP');
  }

  thaw(): void {
    process.kill(-(this.#child?.pid as number), 'SIGCONT');
  }

  isFrozen(): boolean {
    return this.group().some(({ state }) => state === 'T');
  }

  /** The processes of this node that are alive. */
  group(): { pid: number; state: string }[] {
    const leader = this.#child?.pid;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const [state = '', , group] = statFields(name);
        return Number(group) === leader && state !== 'Z' ? [{ pid: Number(name), state }] : [];
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function withShiftedClock(aheadMs: number): Record<string, string> {
  const preload = join(ROOT, 'tests/support/cluster/shifted-clock.mjs');
  return { NODE_OPTIONS: `--import=${preload}`, BUDAO_TEST_CLOCK_AHEAD_MS: String(aheadMs) };
}

/** State, parent and group of a process; nothing when it has gone meanwhile. */
function statFields(pid: string): string[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
