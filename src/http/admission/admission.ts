import { Counter, Gauge, type Registry } from 'prom-client';
import type { Principal } from '../../access/principal.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { AdmissionWindow, SMALLEST_WINDOW } from './admission-window.ts';
import { type Capacity, countQueued, type LoadSample, sampleLoad } from './load-sample.ts';
import { overloaded, queueFull, tooManyRequests } from './refusals.ts';
import { RequestRates } from './request-rate.ts';
import { LimitsReader } from './workspace-limits.ts';

/** The ledger is asked so often, as long as there are requests; between them this process counts what it admits. */
const SAMPLE_MS = 250;
/** A look that is older is waited for; otherwise the next one is taken beside the request. */
const MAX_SAMPLE_AGE_MS = 1_000;
/** Nobody waits longer to learn how busy the service is. */
const MAX_SAMPLE_WAIT_MS = 200;
/** From this many times the bearable delay on, questions are refused before they are read. */
const SEVERE_DELAY = 2;
/** While a question has waited so long, others may take on no more: also a burst has to stay short. */
const LONGEST_WAIT_MS = 1_000;
const CAPACITY_MS = 2_000;
/** Beyond the slots so many may wait: while an answer is written, 2 % of the slots become free in 2 % of its time. */
const QUEUE_PER_SLOT = 0.02;
const SMALLEST_QUEUE = 4;
/** Workspaces that have less than their share are admitted beyond the limit, up to here. */
const HARD_LIMIT = 1.25;
const RETRY_AFTER_MS = 2_000;

export interface AdmissionOptions {
  ledger: Ledger;
  capacity: () => Promise<Capacity>;
  metrics: Registry;
}

type Refusal = 'requests' | 'queue' | 'overload' | 'later';

/**
 * Decides what is taken on, so that what was taken on is served in time. A workspace that is at its own limit gets 429;
 * when the whole installation is loaded, whoever has more than a fair share open gets 503.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #window = new AdmissionWindow();
  readonly #rates = new RequestRates();
  readonly #refused: Counter<'reason'>;
  readonly #admitted = new Map<string, number>();
  #sample: LoadSample = { open: new Map(), waitMs: 0 };
  #openAtSample = 0;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
  #sampling: Promise<void> | null = null;
  #capacity: Capacity = { answerSlots: 0, apiProcesses: 1 };
  #capacityAtMs = Number.NEGATIVE_INFINITY;
  #slowestCommitMs = 0;
  readonly limits: LimitsReader;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.limits = new LimitsReader(options.ledger);
    this.#refused = new Counter({
      name: 'budao_admission_refused_total',
      help: 'Requests refused because of load: requests (of a key or a person), queue (of a workspace), overload, later (work that can wait).',
      labelNames: ['reason'],
      registers: [options.metrics],
    });
    this.#describe();
  }

  /** @throws AdmissionError queue_full, overloaded */
  async admitAnswer(workspaceId: string, isBackground: boolean): Promise<void> {
    await this.#refresh();
    const { queued_answers: queueLimit } = await this.limits.of(workspaceId);
    const ours = this.#sample.open.get(workspaceId);
    const admitted = this.#admitted.get(workspaceId) ?? 0;
    const queued = isBackground
      ? await countQueued(this.#options.ledger.read, workspaceId, queueLimit)
      : (ours?.waiting ?? 0) + (this.#hasFreeSlots() ? 0 : admitted);
    if (queued >= queueLimit) throw this.#refuse('queue', queueFull(queueLimit));
    // A question for later waits behind all others, and may.
    if (isBackground) return;
    if (this.#isOverLimit(workspaceId)) throw this.#refuse('overload', overloaded(RETRY_AFTER_MS));
    this.#admitted.set(workspaceId, admitted + 1);
  }

  /**
   * For questions that are not read yet: under severe load even looking at what is refused costs those who were admitted.
   *
   * @throws AdmissionError overloaded
   */
  async admitToDoor(workspaceId: string): Promise<void> {
    await this.#refresh();
    if (this.#window.delay < SEVERE_DELAY || !this.#isOverLimit(workspaceId)) return;
    throw this.#refuse('overload', overloaded(RETRY_AFTER_MS));
  }

  /** Uploads and additions come after questions. @throws AdmissionError overloaded */
  async admitWork(): Promise<void> {
    await this.#refresh();
    if (Number.isFinite(this.#window.limit)) throw this.#refuse('later', overloaded(2 * RETRY_AFTER_MS));
  }

  /**
   * @returns what the key, or the person in this workspace, has left
   * @throws AdmissionError rate_limit_exceeded
   */
  async admitRequest(principal: Principal): Promise<{ limit: number; remaining: number }> {
    const { workspaceId, keyId, accountId } = principal;
    const limits = await this.limits.of(workspaceId);
    const limit = keyId === null ? limits.session_requests_per_minute : limits.requests_per_minute;
    const share = Math.max(1, limit / this.#capacity.apiProcesses);
    // Signing in once more gives nobody more; each workspace has limits of its own.
    const counted = keyId ?? `${accountId} in ${workspaceId}`;
    const decision = this.#rates.take(counted, share, performance.now());
    if (!decision.isAdmitted) {
      const sender = keyId === null ? 'person' : 'key';
      throw this.#refuse('requests', tooManyRequests(sender, limit, decision.retryAfterMs));
    }
    return { limit, remaining: decision.remaining };
  }

  /** How long a question took to become durable. */
  noteCommit(durationMs: number): void {
    this.#slowestCommitMs = Math.max(this.#slowestCommitMs, durationMs);
  }

  #hasFreeSlots(): boolean {
    return this.#open() < this.#capacity.answerSlots;
  }

  #open(): number {
    let open = 0;
    for (const { waiting, underway } of this.#sample.open.values()) open += waiting + underway;
    for (const count of this.#admitted.values()) open += count;
    return open;
  }

  #limit(): number {
    const { answerSlots } = this.#capacity;
    // Without a living worker a question waits for the next one to start; the window sees to the rest.
    if (answerSlots === 0) return this.#window.limit;
    return Math.min(
      this.#window.limit,
      this.#queueLimit(),
      answerSlots + Math.max(SMALLEST_QUEUE, answerSlots * QUEUE_PER_SLOT),
    );
  }

  #queueLimit(): number {
    if (this.#sample.waitMs <= LONGEST_WAIT_MS) return Number.POSITIVE_INFINITY;
    return Math.max(SMALLEST_WINDOW, this.#openAtSample);
  }

  #isOverLimit(workspaceId: string): boolean {
    const limit = this.#limit();
    const open = this.#open();
    if (open < limit) return false;
    if (open >= limit * HARD_LIMIT) return true;
    const ours = this.#sample.open.get(workspaceId) ?? { waiting: 0, underway: 0 };
    const has = ours.waiting + ours.underway + (this.#admitted.get(workspaceId) ?? 0);
    const workspaces = new Set([...this.#sample.open.keys(), ...this.#admitted.keys(), workspaceId]);
    return has + 1 > limit / workspaces.size;
  }

  async #refresh(): Promise<void> {
    const ageMs = performance.now() - this.#sampledAtMs;
    if (ageMs < SAMPLE_MS) return;
    // A ledger that does not answer refuses for itself, with its own reason.
    this.#sampling ??= this.#read()
      .catch(() => {})
      .finally(() => {
        this.#sampling = null;
      });
    if (ageMs < MAX_SAMPLE_AGE_MS) return;
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, MAX_SAMPLE_WAIT_MS);
    await Promise.race([this.#sampling, waited.promise]);
    clearTimeout(timer);
  }

  async #read(): Promise<void> {
    const { ledger, capacity } = this.#options;
    const loopLagMs = await turnOfTheLoop();
    if (performance.now() - this.#capacityAtMs > CAPACITY_MS) {
      this.#capacity = await capacity();
      this.#capacityAtMs = performance.now();
    }
    // What is admitted from here on may be in the sample too, and then counts twice for a moment.
    this.#admitted.clear();
    this.#sample = await sampleLoad(ledger.read, ledgerTime());
    this.#openAtSample = this.#open();
    this.#sampledAtMs = performance.now();
    const signs = { waitMs: this.#sample.waitMs, loopLagMs, commitMs: this.#slowestCommitMs };
    this.#slowestCommitMs = 0;
    this.#window.observe({ ...signs, open: this.#openAtSample }, this.#sampledAtMs);
  }

  #refuse(reason: Refusal, error: Error): Error {
    this.#refused.inc({ reason });
    return error;
  }

  #describe(): void {
    const registers = [this.#options.metrics];
    const limit: Gauge = new Gauge({
      name: 'budao_admission_limit',
      help: 'Answers that may be open at once before others are refused, as this process sees it.',
      registers,
      collect: () => limit.set(this.#limit()),
    });
    const wait: Gauge = new Gauge({
      name: 'budao_admission_wait_seconds',
      help: 'How long the oldest question that could be claimed had waited when this process last looked.',
      registers,
      collect: () => wait.set(this.#sample.waitMs / 1_000),
    });
  }
}

/** How long whoever is called next has to wait for this process. */
function turnOfTheLoop(): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve) =>
    setTimeout(() => resolve(Math.max(0, performance.now() - startedMs - 1)), 0),
  );
}
