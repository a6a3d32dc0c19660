import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { newId } from '../contract/ids.ts';
import type { StreamState } from '../recovery/stream/stream-state.ts';
import type { ProcessRole } from './process-table.ts';

/** Messages between the supervisor and its children. */
export type ToChild = { type: 'ping' } | { type: 'stop' };
export type FromChild =
  | { type: 'ready'; url?: string }
  | { type: 'pong' }
  | { type: 'refused'; message: string; isPassing: boolean }
  | { type: 'streams'; states: StreamState[] };

/** The first restart is immediate; a child that keeps dying young waits longer and longer. */
const RESTART_DELAYS_MS = [0, 50, 200, 500, 1_000, 2_000, 5_000];
const LIVED_LONG_MS = 10_000;
const PING_INTERVAL_MS = 1_000;
/**
 * A child that leaves so many pings unanswered is stuck or stopped, and is killed. Counted, not timed: a supervisor
 * that was itself frozen has answers waiting that it has not read.
 */
const MAX_UNANSWERED_PINGS = 10;
/** Loading native code and models blocks a child that starts, for long on a cold or crowded machine. */
const MAX_UNANSWERED_WHILE_STARTING = 60;

export interface ChildCallbacks {
  /** The child is dead: `processId` will never write again. */
  onDeath(processId: string, detail: ChildDeath): void;
  onReady(url: string | undefined): void;
  /**
   * The child cannot start as things are. It is started again and again, unless it is told to stop. `isPassing`: what it
   * needs is away, and nobody has to change a setting.
   */
  onRefused(message: string, isPassing: boolean): void;
  /** Of the shipper: how far the streams of changes are. */
  onStreams?(states: StreamState[]): void;
}

export interface ChildDeath {
  code: number | null;
  signal: string | null;
  /** Nobody had asked for it: neither the supervisor nor a SIGTERM. */
  isUnexpected: boolean;
}

/** The shipper is in no list of processes: it takes part in no work. */
export type ChildRole = ProcessRole | 'shipper';

/** Keeps one child process of a role alive. */
export class KeptChild {
  readonly role: ChildRole;
  readonly #callbacks: ChildCallbacks;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #ping: NodeJS.Timeout;
  #child: ChildProcess | null = null;
  #processId = '';
  #startedMs = 0;
  #unansweredPings = 0;
  #isReady = false;
  #youngDeaths = 0;
  #stopping = false;

  constructor(role: ChildRole, environment: NodeJS.ProcessEnv, callbacks: ChildCallbacks) {
    this.role = role;
    this.#environment = environment;
    this.#callbacks = callbacks;
    this.#ping = setInterval(() => this.#checkAlive(), PING_INTERVAL_MS);
    this.#start();
  }

  /** Asks the child to hand over and leave; kills it when it does not. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#ping);
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  #start(): void {
    if (this.#stopping) return;
    this.#processId = newId('process');
    this.#startedMs = performance.now();
    this.#unansweredPings = 0;
    this.#isReady = false;
    let child: ChildProcess;
    try {
      child = this.#spawn();
    } catch {
      // Some failures to start a process are thrown, others told later.
      setImmediate(() => this.#onExit(null, null));
      return;
    }
    this.#child = child;
    child.on('message', (message: FromChild) => this.#receive(message));
    child.on('error', () => {
      // One that could not be started, for want of processes or memory, never exits either.
      if (child.pid === undefined) this.#onExit(null, null);
      else child.kill('SIGKILL');
    });
    child.once('exit', (code, signal) => this.#onExit(code, signal));
  }

  #spawn(): ChildProcess {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`./processes/${this.role}.${extension}`, import.meta.url));
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...this.#environment, BUDAO_PROCESS_ID: this.#processId },
    });
  }

  #receive(message: FromChild): void {
    this.#unansweredPings = 0;
    if (message.type === 'ready') {
      this.#isReady = true;
      this.#callbacks.onReady(message.url);
    }
    if (message.type === 'streams') this.#callbacks.onStreams?.(message.states);
    if (message.type === 'refused') this.#callbacks.onRefused(message.message, message.isPassing);
  }

  #checkAlive(): void {
    const child = this.#child;
    if (child === null || !child.connected) return;
    const limit = this.#isReady ? MAX_UNANSWERED_PINGS : MAX_UNANSWERED_WHILE_STARTING;
    if (this.#unansweredPings >= limit) child.kill('SIGKILL');
    this.#unansweredPings += 1;
    child.send({ type: 'ping' } satisfies ToChild, () => {});
  }

  #onExit(code: number | null, signal: string | null): void {
    this.#child = null;
    const isUnexpected = !this.#stopping && code !== 0;
    this.#callbacks.onDeath(this.#processId, { code, signal, isUnexpected });
    if (this.#stopping) return;
    const livedLong = performance.now() - this.#startedMs > LIVED_LONG_MS;
    this.#youngDeaths = livedLong ? 0 : this.#youngDeaths + 1;
    const delayMs =
      RESTART_DELAYS_MS[Math.min(Math.max(0, this.#youngDeaths - 2), RESTART_DELAYS_MS.length - 1)] ?? 0;
    if (delayMs === 0) this.#start();
    else setTimeout(() => this.#start(), delayMs);
  }
}
