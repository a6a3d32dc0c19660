/** One node of a laboratory: the program as an operator starts it, on a machine of its own where one can be made. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandLineOf, type ProcessStat, processesOf, signal, statOf } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';
import type { NetworkHost } from './network.ts';
import { type Environment, laboratoryEnvironment, startProgram, UP } from './program.ts';

export const NODE_PORT = 7860;
const READY_DEADLINE_MS = 90_000;
const END_DEADLINE_MS = 30_000;
const PROBE_MS = 1_500;
const MOST_OUTPUT = 200_000;

export type NodeRole = 'guard' | 'supervisor' | 'api' | 'worker' | 'parser';

const ROLE_OF_ENTRY: readonly (readonly [RegExp, NodeRole])[] = [
  [/\/scripts\/up\.mjs$/, 'guard'],
  [/\/system\/main\.[jt]s$/, 'supervisor'],
  [/\/processes\/api\.[jt]s$/, 'api'],
  [/\/processes\/worker\.[jt]s$/, 'worker'],
  [/\/parser-process\.[jt]s$/, 'parser'],
];

export interface NodeOptions {
  name: string;
  mark: string;
  /** Its folder in the laboratory; the data folder is in it. */
  folder: string;
  /** Null where machines cannot be made: then it listens on loopback. */
  host: NetworkHost | null;
  port: number;
  apiKey: string;
  environment: Environment;
}

export class LaboratoryNode {
  readonly name: string;
  readonly host: NetworkHost | null;
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly dataDir: string;
  readonly folder: string;
  readonly apiKey: string;
  readonly #options: NodeOptions;
  /** What the next start is told besides, such as by a deploy. */
  extraEnvironment: Environment = {};
  #child: ChildProcess | null = null;
  #output = '';

  constructor(options: NodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.host = options.host;
    this.port = options.port;
    this.apiKey = options.apiKey;
    this.address = options.host?.address ?? '127.0.0.1';
    this.url = `http://${this.address}:${options.port}`;
    this.folder = options.folder;
    this.dataDir = join(options.folder, 'data');
    mkdirSync(this.dataDir, { recursive: true, mode: 0o700 });
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  get environment(): Environment {
    const { mark, apiKey, name, environment } = this.#options;
    return laboratoryEnvironment(mark, {
      BUDAO_HOST: this.address,
      BUDAO_PORT: String(this.port),
      BUDAO_DATA_DIR: this.dataDir,
      BUDAO_BOOTSTRAP_API_KEY: apiKey,
      BUDAO_LOG_LEVEL: 'warn',
      BUDAO_NODE: name,
      ...environment,
      ...this.extraEnvironment,
    });
  }

  /** Starts without waiting. */
  spawn(): void {
    const command = [...(this.host?.prefix ?? []), ...UP];
    this.#child = startProgram(command, {
      environment: { ...this.environment, BUDAO_DRILL_NODE: this.name },
      folder: this.folder,
      onOutput: (text) => (this.#output = (this.#output + text).slice(-MOST_OUTPUT)),
    });
  }

  async start(deadlineMs = READY_DEADLINE_MS): Promise<void> {
    this.spawn();
    await this.untilReady(deadlineMs);
  }

  async untilReady(deadlineMs = READY_DEADLINE_MS): Promise<void> {
    const child = this.#child;
    await waitUntil(
      async () => {
        if (child !== null && child.exitCode !== null)
          throw new Error(`${this.name} ended with ${child.exitCode}:\n${this.#output.slice(-4_000)}`);
        return this.isReady();
      },
      deadlineMs,
      () => `${this.name} was not ready within ${deadlineMs} ms:\n${this.#output.slice(-4_000)}`,
    );
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
  }

  /** Its processes of a role, or all of them, as the machine knows them: nobody has to answer for that. */
  processes(role?: NodeRole): ProcessStat[] {
    const all = processesOf({ mark: this.#options.mark, folder: this.folder }).filter(
      ({ pid, group }) => group === this.#child?.pid || pid === this.#child?.pid,
    );
    return role === undefined ? all : all.filter(({ pid }) => roleOf(pid) === role);
  }

  /** Everything of this node at once, as when its power goes. */
  async kill(): Promise<void> {
    const group = this.#child?.pid;
    if (group === undefined) return;
    const members = this.processes();
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // Gone already.
    }
    for (const { pid } of members) signal(pid, 'SIGKILL');
    // A killed process holds its port until the kernel has taken it apart.
    await waitUntil(() => this.processes().length === 0, END_DEADLINE_MS);
  }

  /** As an operator stops it. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || statOf(child.pid) === null) return;
    child.kill('SIGTERM');
    await waitUntil(() => this.processes().length === 0, END_DEADLINE_MS).catch(() => this.kill());
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async request(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.apiKey}`,
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.request(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}

function roleOf(pid: number): NodeRole | null {
  const words = commandLineOf(pid);
  for (const word of words) {
    const found = ROLE_OF_ENTRY.find(([entry]) => entry.test(word));
    if (found !== undefined) return found[1];
  }
  return null;
}
