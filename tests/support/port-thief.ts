import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Takes the port as soon as it is free, answers everything with 418, and tells what it was asked for. */
const PROGRAM = `
  const { createServer } = require('node:http');
  const server = createServer((request, response) => {
    process.send({ authorization: request.headers.authorization ?? null });
    response.writeHead(418).end();
  });
  const take = () => server.listen(Number(process.argv[1]), '127.0.0.1');
  server.on('error', () => setTimeout(take, 1));
  server.on('listening', () => process.send('has it'));
  take();`;

/** Another program, in a process of its own, that wants the service's port. */
export class PortThief implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #hasIt: Promise<void>;
  /** The credentials that it was handed. */
  readonly credentials: string[] = [];

  constructor(port: number) {
    this.#child = spawn(process.execPath, ['-e', PROGRAM, String(port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#hasIt = new Promise((resolve) => {
      this.#child.on('message', (message: 'has it' | { authorization: string | null }) => {
        if (message === 'has it') resolve();
        else if (message.authorization !== null) this.credentials.push(message.authorization);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once it has the port. */
  hasIt(): Promise<void> {
    return this.#hasIt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
