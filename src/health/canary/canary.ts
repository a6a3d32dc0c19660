import { z } from 'zod';
import { factRecall } from '../../evaluation/scoring.ts';
import type { Meter } from '../signals/meter.ts';
import { CANARY_MARK } from './canary-mark.ts';

/** A question whose answer is known. */
export interface GoldenProbe {
  question: string;
  /** For each fact the accepted forms. */
  facts: readonly (readonly string[])[];
  /** Null asks the workspace's default one. */
  knowledgeBaseId: string | null;
}

export interface CanaryOptions {
  /** Where people ask; null while nobody listens there. */
  address(): Promise<string | null>;
  apiKey(): Promise<string>;
  /** Null while there is nothing to ask, such as before the sample is loaded. */
  probe(): Promise<GoldenProbe | null>;
  /** Whether this process is the one to ask. */
  isOnDuty(): boolean;
  meter: Meter;
  intervalMs: number;
  timeoutMs: number;
  minScore: number;
  onFailure(reason: unknown): void;
}

const Answered = z.object({
  status: z.string(),
  output: z.array(
    z.looseObject({ content: z.array(z.looseObject({ text: z.string().optional() })).optional() }),
  ),
});

/** Asks a golden question through the front door, like any person, and scores the answer. */
export class Canary implements Disposable {
  readonly #options: CanaryOptions;
  readonly #timer: NodeJS.Timeout;
  #asking = false;
  #failuresInARow = 0;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.ask(), options.intervalMs);
    this.#timer.unref();
  }

  async ask(): Promise<void> {
    const { meter, isOnDuty, probe, onFailure } = this.#options;
    if (this.#asking) return;
    this.#asking = true;
    try {
      const golden = isOnDuty() ? await probe() : null;
      if (golden === null) return this.#rest();
      const startedMs = performance.now();
      const score = await this.#score(golden).catch((error: unknown) => {
        onFailure(error);
        return 0;
      });
      meter.time('canary_time', (performance.now() - startedMs) / 1_000);
      this.#note(score);
    } catch (error) {
      // What to ask could not be read: the ledger has alerts of its own.
      onFailure(error);
    } finally {
      this.#asking = false;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #note(score: number): void {
    const { meter, minScore } = this.#options;
    const isGood = score >= minScore;
    this.#failuresInARow = isGood ? 0 : this.#failuresInARow + 1;
    meter.count(isGood ? 'canary_passed' : 'canary_failed');
    meter.gauge('canary_score', score);
    meter.gauge('canary_failures_in_a_row', this.#failuresInARow);
  }

  #rest(): void {
    this.#failuresInARow = 0;
    this.#options.meter.clear('canary_score');
    this.#options.meter.clear('canary_failures_in_a_row');
  }

  /** From 0 to 1. */
  async #score({ question, facts, knowledgeBaseId }: GoldenProbe): Promise<number> {
    const { address, apiKey, timeoutMs } = this.#options;
    const url = await address();
    if (url === null) throw new Error('nobody listens at the front door');
    const { request } = await import('undici');
    const { statusCode, body } = await request(`${url.replace(/\/+$/, '')}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await apiKey()}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        input: question,
        store: false,
        metadata: { [CANARY_MARK]: 'true' },
        ...(knowledgeBaseId === null
          ? {}
          : { tools: [{ type: 'file_search', vector_store_ids: [knowledgeBaseId] }] }),
      }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`the front door answered with status ${statusCode}`);
    const answered = Answered.parse(JSON.parse(text));
    if (answered.status !== 'completed') throw new Error(`the answer ended '${answered.status}'`);
    const answer = answered.output.flatMap((item) => (item.content ?? []).map((part) => part.text ?? ''));
    return factRecall({ facts: facts.map((forms) => [...forms]) }, answer.join('\n'));
  }
}
