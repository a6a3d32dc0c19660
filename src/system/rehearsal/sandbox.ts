/**
 * A place in which a snapshot is brought to life and asked, and which leaves nothing behind: its own folder, its own port
 * on the loopback, no model, alert or schedule unless it was said.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BudaoError } from '../../contract/errors.ts';
import { writeDurably } from '../../stores/files/durable-file.ts';
import { type Configuration, loadConfiguration, Secret } from '../configuration.ts';
import { DataFolderLock, dataFolderAt } from '../data-folder.ts';
import { readEndpoint } from '../endpoint-file.ts';
import { machineEnvironment } from '../machine-environment.ts';

const NAME = /^r-[0-9a-z]+$/;
const READY_LOOK_MS = 200;
/** Beyond the patience of its own processes. */
const STOP_PATIENCE_MS = 20_000;
const MAX_LOG_CHARACTERS = 4_000;
/** One that is just being made has no lock yet. */
const YOUNG_MS = 10_000;

export class Sandbox implements AsyncDisposable {
  /** As the sandbox's own service reads it. */
  readonly configuration: Configuration;
  readonly folder: string;
  readonly #lock: DataFolderLock;
  #service: ChildProcess | null = null;
  #isKept = false;

  private constructor(folder: string, configuration: Configuration, lock: DataFolderLock) {
    this.folder = folder;
    this.configuration = configuration;
    this.#lock = lock;
  }

  /** @param withModels whether the service there may call the models that are configured here */
  static async make(
    live: Configuration,
    { root, withModels }: { root: string; withModels: boolean },
  ): Promise<Sandbox> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await removeAbandoned(root);
    const folder = join(root, `r-${Date.now().toString(36)}${process.pid.toString(36)}`);
    await mkdir(folder, { mode: 0o700 });
    // The operating system lets go of it however this process ends; then somebody else removes the folder.
    const lock = DataFolderLock.acquire(dataFolderAt(folder));
    const configFile = join(folder, 'budao.yaml');
    const settings = settingsFor(live, join(folder, 'data'), withModels);
    // JSON is YAML, too.
    await writeDurably(configFile, JSON.stringify(settings, revealed, 2), 0o600);
    return new Sandbox(folder, loadConfiguration({ BUDAO_CONFIG: configFile }), lock);
  }

  /** Starts the service as people start it. @returns its address, once it says that it is ready */
  async start(signal: AbortSignal, patienceMs: number): Promise<string> {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`../main.${ending}`, import.meta.url));
    await using log = await open(join(this.folder, 'service.log'), 'a', 0o600);
    const service = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
      // It leaves when the channel closes, as it does when this process is killed.
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...machineEnvironment(), BUDAO_CONFIG: join(this.folder, 'budao.yaml') },
    });
    service.on('error', () => {});
    service.on('message', () => {});
    this.#service = service;
    const deadline = performance.now() + patienceMs;
    for (;;) {
      signal.throwIfAborted();
      const url = await readEndpoint(dataFolderAt(this.configuration.dataDir));
      if (url !== null && (await isReady(url))) return url;
      const hasEnded = service.exitCode !== null || service.signalCode !== null;
      if (hasEnded || performance.now() > deadline) throw await this.#notReady(hasEnded);
      await sleep(READY_LOOK_MS);
    }
  }

  /** Leaves everything for somebody to look at. @returns where */
  async keep(): Promise<string> {
    await this.#stop();
    this.#isKept = true;
    const kept = this.folder.replace(/r-([^/\\]+)$/, 'kept-$1');
    this.#lock[Symbol.dispose]();
    await rename(this.folder, kept);
    const configFile = join(kept, 'budao.yaml');
    const settings = JSON.parse(await readFile(configFile, 'utf8')) as object;
    const moved = { ...settings, dataDir: join(kept, 'data') };
    await writeDurably(configFile, JSON.stringify(moved, null, 2), 0o600);
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isKept) return;
    await this.#stop();
    this.#lock[Symbol.dispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #stop(): Promise<void> {
    const service = this.#service;
    if (service === null || service.exitCode !== null || service.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => service.once('exit', () => resolve()));
    service.kill('SIGTERM');
    const timer = setTimeout(() => service.kill('SIGKILL'), STOP_PATIENCE_MS);
    await gone;
    clearTimeout(timer);
  }

  async #notReady(hasEnded: boolean): Promise<BudaoError> {
    const log = await readFile(join(this.folder, 'service.log'), 'utf8').catch(() => '');
    return new BudaoError(
      'conflict',
      'rehearsal_not_ready',
      `The restored service ${hasEnded ? 'ended' : 'was not ready in time'}. Its last words: ` +
        `${log.slice(-MAX_LOG_CHARACTERS).trim() || 'none'}. Rehearse with --keep, and start it from the kept folder to look closer.`,
    );
  }
}

/** Removes what rehearsals left behind whose process was killed. @returns how many */
export async function removeAbandoned(root: string): Promise<number> {
  const names = (await readdir(root).catch(() => [])).filter((name) => NAME.test(name));
  let removed = 0;
  for (const name of names) {
    const folder = join(root, name);
    const made = await stat(folder).catch(() => null);
    if (made === null || Date.now() - made.birthtimeMs < YOUNG_MS) continue;
    if (isHeld(folder) || isHeld(join(folder, 'data'))) continue;
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    removed += 1;
  }
  return removed;
}

/** A folder that is not there yet is held by nobody. */
function isHeld(path: string): boolean {
  try {
    DataFolderLock.acquire(dataFolderAt(path))[Symbol.dispose]();
    return false;
  } catch (error) {
    return error instanceof BudaoError && error.code === 'data_folder_in_use';
  }
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** What answers depend on is as it is here; what reaches out is off. */
function settingsFor(live: Configuration, dataDir: string, withModels: boolean): object {
  const { answers, limits, embedder, models } = live;
  const isLocal = embedder !== null && 'folder' in embedder;
  return {
    host: '127.0.0.1',
    port: 0,
    dataDir,
    workers: 1,
    sample: false,
    logLevel: 'warn',
    answers,
    limits,
    health: { alerts: { enabled: false }, canary: { enabled: false } },
    models: withModels ? models : [],
    embedder: isLocal || withModels ? embedder : null,
  };
}

function revealed(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Secret ? original.reveal() : value;
}
