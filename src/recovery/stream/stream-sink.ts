/** The stream of changes into one repository: it begins with a base, goes on with segments, and begins again by itself. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import type { Repository } from '../repository/repository.ts';
import { requireSigner } from '../repository/signing.ts';
import type { LockedSnapshotWriter } from '../repository/snapshot-writer.ts';
import { MissingBlobs } from '../snapshot/copy-blobs.ts';
import { type NamedContents, PendingChanges } from './pending-changes.ts';
import type { LogChanges, LogPicture } from './ports.ts';
import { type BaseSources, putBase } from './stream-base.ts';
import { StreamGeneration } from './stream-generation.ts';
import type { StreamPhase, StreamState } from './stream-state.ts';

/** For a base that is told to stop. */
const STOP_MS = 2_000;

export interface OpenedSink extends AsyncDisposable {
  repository: Repository;
}

export interface SinkOptions {
  /** By which the settings know it. */
  name: string;
  open(): Promise<OpenedSink>;
  sources: BaseSources;
  programVersion: string;
  limits?: Partial<SinkLimits>;
  now: () => number;
}

export interface SinkLimits {
  /** Of changes that wait for a place that is away; with more of them a new base is cheaper. */
  pendingBytes: number;
  /** A generation that is older, or has grown so large, is followed by the next. */
  generationMs: number;
  generationBytes: number;
  retryMs: number;
  longestRetryMs: number;
}
export const SINK_LIMITS: SinkLimits = {
  pendingBytes: 64 * 1024 * 1024,
  generationMs: 24 * 60 * 60_000,
  generationBytes: 512 * 1024 * 1024,
  retryMs: 1_000,
  longestRetryMs: 30_000,
};

export class StreamSink implements AsyncDisposable {
  readonly #options: SinkOptions;
  readonly #limits: SinkLimits;
  readonly #stop = new AbortController();
  #opened: OpenedSink | null = null;
  #current: StreamGeneration | null = null;
  #currentSinceMs = 0;
  /** Changes since the picture of a base that is still being stored. */
  #comingPending: PendingChanges | null = null;
  #work: Promise<void> = Promise.resolve();
  #isShipping = false;
  #reason: StreamState['reason'] = null;
  #failures = 0;
  #retryAtMs = 0;
  #gaps = 0;
  /** By generations before the current one. */
  #covered: number | null = null;
  #writer: LockedSnapshotWriter | null = null;
  #isPreparing = false;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#limits = { ...SINK_LIMITS, ...options.limits };
  }

  /** Whether it waits for a picture of the ledger. */
  get needsPicture(): boolean {
    return this.#writer !== null && this.#comingPending === null;
  }

  /** Gets ready for a base where one is due: only then is a picture taken, as the log grows while it is open. */
  prepare(): void {
    if (!this.#isBaseDue() || this.#isPreparing || this.#writer !== null || this.#comingPending !== null)
      return;
    this.#isPreparing = true;
    this.#work = this.#prepare()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => (this.#isPreparing = false));
  }

  note(changes: LogChanges, named: NamedContents): void {
    this.#comingPending?.add(changes, named);
    const current = this.#current;
    if (current === null) return;
    if (changes.pages.size > 0) current.pending.add(changes, named);
    else if (current.isUpToDate && !this.#isShipping) current.coveredUntil = changes.since;
    if (current.pendingBytes > this.#limits.pendingBytes) this.#abandon(overflow(this.#options.name));
  }

  /** The picture is of the moment of the changes that were noted last; it is closed here. */
  beginBase(picture: LogPicture): void {
    const writer = this.#writer;
    if (writer === null) throw new TypeError('no picture was asked for');
    this.#writer = null;
    this.#comingPending = new PendingChanges();
    this.#work = this.#putBase(picture, writer)
      .catch((error: unknown) => this.#fail(error instanceof MissingBlobs ? error.asError() : error))
      .finally(() => (this.#comingPending = null));
  }

  /** Starts to store what is pending, unless that is under way. */
  ship(): void {
    const current = this.#current;
    if (current === null || this.#isShipping || performance.now() < this.#retryAtMs) return;
    this.#isShipping = true;
    void this.#ship(current).finally(() => (this.#isShipping = false));
  }

  state(): StreamState {
    const now = this.#options.now();
    const current = this.#current;
    const coveredUntil = current?.coveredUntil ?? this.#covered;
    return {
      repository: this.#options.name,
      phase: this.#phase(),
      coveredUntil,
      coveredSince: current?.coveredSince ?? null,
      lagMs: coveredUntil === null ? null : Math.max(0, now - coveredUntil),
      generation: current?.id ?? null,
      segments: current?.segments ?? 0,
      bytes: current?.bytes ?? 0,
      reason: this.#reason,
      gaps: this.#gaps,
      at: now,
    };
  }

  /** Stores what is pending a last time, for no longer than `patienceMs`. */
  async finish(patienceMs: number): Promise<void> {
    const current = this.#current;
    if (current === null || this.#isShipping) return;
    this.#isShipping = true;
    const { promise: tooLate, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patienceMs);
    await Promise.race([this.#ship(current), tooLate]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the shipper ends'));
    // One that waits for a pruning to end is not waited for in turn.
    await Promise.race([this.#work, sleep(STOP_MS, undefined, { ref: false })]);
    await this.#writer?.[Symbol.asyncDispose]();
    await this.#opened?.[Symbol.asyncDispose]();
  }

  #phase(): StreamPhase {
    if (this.#reason !== null) return 'waiting';
    if (this.#current !== null) return 'shipping';
    return this.#comingPending === null ? 'starting' : 'base';
  }

  #isBaseDue(): boolean {
    if (performance.now() < this.#retryAtMs) return false;
    if (this.#current === null) return true;
    const { generationMs, generationBytes } = this.#limits;
    const isOld = performance.now() - this.#currentSinceMs > generationMs;
    return isOld || this.#current.bytes > generationBytes;
  }

  /** Opened anew each time: a place that was away may be another one. */
  async #prepare(): Promise<void> {
    if (this.#current === null) {
      await this.#opened?.[Symbol.asyncDispose]();
      this.#opened = null;
    }
    this.#opened ??= await this.#options.open();
    this.#writer = await this.#opened.repository.write();
  }

  async #putBase(picture: LogPicture, writer: LockedSnapshotWriter): Promise<void> {
    using _ = picture;
    await using locked = writer;
    const { name, sources, programVersion, now } = this.#options;
    const context = this.#opened?.repository.context;
    if (context === undefined) throw new TypeError('no repository is open');
    const base = await putBase({
      generation: newGeneration(now()),
      picture,
      sources,
      writer: locked,
      signer: requireSigner(context.signer, context.storage.name),
      programVersion,
      signal: this.#stop.signal,
    });
    const generation = new StreamGeneration(context, base);
    generation.pending = this.#comingPending ?? generation.pending;
    // Each change is noted once from here on.
    this.#comingPending = null;
    if (generation.pendingBytes > this.#limits.pendingBytes) throw overflow(name);
    if (this.#covered !== null && this.#current === null) this.#gaps += 1;
    this.#current = generation;
    this.#currentSinceMs = performance.now();
    this.#succeed();
  }

  async #ship(generation: StreamGeneration): Promise<void> {
    try {
      if (await generation.ship(this.#options.sources)) this.#succeed();
    } catch (error) {
      if (generation !== this.#current) return;
      if (error instanceof BudaoError && error.code === 'stream_broken') this.#abandon(error);
      else this.#fail(error);
    }
  }

  #abandon(error: BudaoError): void {
    this.#covered = this.#current?.coveredUntil ?? this.#covered;
    this.#current = null;
    this.#fail(error);
  }

  #succeed(): void {
    this.#reason = null;
    this.#failures = 0;
    this.#retryAtMs = 0;
  }

  #fail(error: unknown): void {
    const { retryMs, longestRetryMs } = this.#limits;
    const delayMs = Math.min(longestRetryMs, retryMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#retryAtMs = performance.now() + delayMs;
    const isOurs = error instanceof BudaoError;
    this.#reason = {
      code: isOurs ? error.code : 'internal_error',
      message: isOurs ? error.message : String(error),
    };
  }
}

function newGeneration(now: number): string {
  const time = new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  return `${time}-${randomBytes(4).toString('hex')}`;
}

function overflow(name: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'stream_overflow',
    `More has changed than is kept while ${name} is away or slow. When it takes files again, shipping begins anew with a whole copy.`,
  );
}
