/** A real Redis or Valkey server of a laboratory's own: killed, frozen, emptied at will. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { processesOf, signal } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';
import { freePort } from './free-port.ts';
import { laboratoryEnvironment } from './program.ts';
import { redisProgram } from './requirements.ts';

const START_DEADLINE_MS = 20_000;
const COMMAND_MS = 2_000;

export class LaboratoryRedis {
  readonly folder: string;
  readonly address: string;
  readonly port: number;
  readonly #mark: string;
  #process: ChildProcess | null = null;

  private constructor(place: { mark: string; folder: string; address: string }, port: number) {
    this.folder = place.folder;
    this.address = place.address;
    this.port = port;
    this.#mark = place.mark;
  }

  static async create(place: { mark: string; folder: string; address: string }): Promise<LaboratoryRedis> {
    mkdirSync(place.folder, { recursive: true, mode: 0o700 });
    const server = new LaboratoryRedis(place, await freePort());
    await server.start();
    return server;
  }

  /** Resolves when it answers. It keeps nothing: whoever starts it again finds it empty. */
  async start(): Promise<void> {
    const program = redisProgram();
    if (program === null) throw new Error('Redis is not installed: apt-get install redis-server');
    const bind = this.address === '127.0.0.1' ? ['127.0.0.1'] : ['127.0.0.1', this.address];
    const child = spawn(
      program,
      [
        '--port',
        String(this.port),
        '--bind',
        ...bind,
        '--protected-mode',
        'no',
        '--dir',
        this.folder,
        '--save',
        '',
      ],
      { cwd: this.folder, stdio: 'ignore', env: laboratoryEnvironment(this.#mark, {}) },
    );
    this.#process = child;
    await waitUntil(
      () => {
        if (child.exitCode !== null) throw new Error(`Redis ended with ${child.exitCode}`);
        return this.answers();
      },
      START_DEADLINE_MS,
      () => 'Redis did not start',
    );
  }

  async kill(): Promise<void> {
    await waitUntil(() => {
      const left = this.#family();
      for (const { pid } of left) signal(pid, 'SIGKILL');
      return left.length === 0;
    }, START_DEADLINE_MS);
    this.#process = null;
  }

  freeze(): void {
    for (const { pid } of this.#family()) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const { pid } of this.#family()) signal(pid, 'SIGCONT');
  }

  get isRunning(): boolean {
    return this.#process !== null && this.#family().length > 0;
  }

  async answers(): Promise<boolean> {
    return this.command('PING').then(
      (answer) => answer.startsWith('+PONG'),
      () => false,
    );
  }

  /** One line of its protocol, and the first line of its answer. */
  async command(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${line}\r\n`));
      socket.setTimeout(COMMAND_MS, () => socket.destroy(new Error('Redis does not answer')));
      socket.once('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('Redis said nothing')));
    });
  }

  #family() {
    return processesOf({ mark: '-', folder: this.folder });
  }
}
