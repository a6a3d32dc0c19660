/** The whole service as a user starts it, in a process group of its own, on a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_DEADLINE_MS = 60_000;

export interface ServiceOptions {
  environment?: Record<string, string>;
  /** Kept when given, else made and removed. */
  dataDir?: string;
  args?: readonly string[];
  /** A shell's line that starts the service, `"$@"`, with its output led elsewhere. */
  shell?: string;
}

export interface ProcessRow {
  id: string;
  pid: number;
  role: string;
}

export class Service implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly apiKey = 'bdk_test_0123456789abcdefghijkl';
  readonly #options: ServiceOptions;
  readonly #ownsFolder: boolean;
  #child: ChildProcess | null = null;
  #output = '';

  private constructor(port: number, dataDir: string, options: ServiceOptions) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = dataDir;
    this.#options = options;
    this.#ownsFolder = options.dataDir === undefined;
  }

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'budao-system-')));
    const service = new Service(await freePort(), dataDir, options);
    await service.start();
    return service;
  }

  /** What the service has printed so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Leaves what the service prints in its pipes from now on. */
  stopReading(): void {
    this.#child?.stdout?.pause();
    this.#child?.stderr?.pause();
  }

  /** Starts without waiting. */
  spawn(): ChildProcess {
    const { shell, args = [] } = this.#options;
    const up = [process.execPath, join(ROOT, 'scripts/up.mjs'), ...args];
    const [command = '', ...rest] = shell === undefined ? up : ['sh', '-c', shell, 'sh', ...up];
    const child = spawn(command, rest, {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BUDAO_PORT: String(this.port),
        BUDAO_HOST: '127.0.0.1',
        BUDAO_DATA_DIR: this.dataDir,
        BUDAO_BOOTSTRAP_API_KEY: this.apiKey,
        BUDAO_LOG_LEVEL: 'warn',
        BUDAO_SAMPLE: '0',
        ...this.#options.environment,
      },
    });
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#child = child;
    return child;
  }

  async start(): Promise<void> {
    const child = this.spawn();
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`the service ended:\n${this.#output}`);
        return this.isReady();
      },
      READY_DEADLINE_MS,
      () => `the service was never ready:\n${this.#output.slice(-4_000)}`,
    );
    // It answers some moments before it is listed. A ledger on a server is not looked into.
    if (existsSync(join(this.dataDir, 'ledger.db'))) await until(() => this.processes('api').length > 0);
  }

  /** The second worker starts only after the service is ready. */
  async untilBothWorkers(): Promise<void> {
    await until(() => this.processes('worker').length === 2);
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  }

  /** SIGTERM, as an operator stops it. @returns the exit code */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill('SIGTERM');
    return ended;
  }

  /** SIGKILL of everything at once: the closest to a power cut that leaves the machine running. */
  async killAll(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  }

  /** Read straight from the ledger, so that it works whatever is down. */
  processes(role?: string): ProcessRow[] {
    const database = new DatabaseSync(join(this.dataDir, 'ledger.db'), { readOnly: true, timeout: 2_000 });
    try {
      const rows = database.prepare('SELECT id, pid, role FROM process').all() as unknown as ProcessRow[];
      return rows.filter((row) => (role === undefined || row.role === role) && isRunning(row.pid));
    } finally {
      database.close();
    }
  }

  /** SIGKILL of one process of this role. @returns its pid */
  kill(role: string): number {
    const [victim] = this.processes(role);
    if (victim === undefined) throw new Error(`there is no ${role}`);
    process.kill(victim.pid, 'SIGKILL');
    return victim.pid;
  }

  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.apiKey}`,
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.request(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAll();
    if (this.#ownsFolder) await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Alive and not merely uncollected. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
