import { ApiError } from '../../api/api-error.ts';
import { reachable } from '../../api/connectivity.ts';
import { createConversation } from '../../api/conversations.ts';
import { askStream, cancelResponse, getResponse, resumeStream } from '../../api/responses.ts';
import { session } from '../../api/session.ts';
import { adoptResponse, isFinished } from './answer.ts';
import type { AnswerStore } from './answer-store.ts';
import { backOff, type FollowPorts, followAnswer } from './follow.ts';
import type { Outgoing } from './outbox.ts';

export interface DeliveryOptions {
  answers: AnswerStore;
  leaving: AbortSignal;
  onConversationCreated: (entry: Outgoing, conversationId: string) => void;
  onAccepted: (entry: Outgoing, responseId: string) => void;
  onSettled: (responseId: string) => void;
}

/** Before the server has confirmed a question, the person is told after this many attempts. */
const maxSendAttempts = 5;
/** An HTTP/1.1 browser opens six connections to one origin: some must stay free for everything else. */
const maxLiveStreams = 4;

/** Brings questions to the server and answers back, over as many connections as it takes. */
export class Delivery {
  readonly #options: DeliveryOptions;
  /** By response id, in the order in which they began. */
  readonly #following = new Map<string, AbortController>();
  readonly #sending = new Set<string>();
  readonly #stopWanted = new Set<string>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Resolves when the answer is finished. Rejects when the question could not be brought to the server. */
  async send(entry: Outgoing): Promise<void> {
    if (this.#sending.has(entry.key)) return;
    this.#sending.add(entry.key);
    try {
      if (entry.conversationId === null) await this.#createConversation(entry);
      await this.#ask(entry);
    } finally {
      this.#sending.delete(entry.key);
    }
  }

  follow(responseId: string): void {
    if (this.#following.has(responseId)) return;
    const stop = this.#begin(responseId);
    void this.#run(responseId, stop, (signal) => this.#resume(responseId, signal));
  }

  stop(entry: Outgoing | null, responseId: string | null): void {
    if (entry !== null) this.#stopWanted.add(entry.key);
    else if (responseId !== null) void this.#cancel(responseId);
  }

  async #createConversation(entry: Outgoing): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const conversation = await createConversation(`${entry.key}-conversation`);
        this.#options.onConversationCreated(entry, conversation.id);
        return;
      } catch (error) {
        if (!mayRetrySending(error, attempt)) throw error;
        await this.#wait(backOff(attempt, Math.random()), error, this.#options.leaving);
      }
    }
  }

  async #ask(entry: Outgoing): Promise<void> {
    let responseId: string | null = null;
    const stop = new AbortController();
    const question = { ...entry, conversationId: entry.conversationId ?? '', idempotencyKey: entry.key };
    const signal = AbortSignal.any([stop.signal, this.#options.leaving]);
    const ports = this.#ports(() => responseId);
    await followAnswer(
      {
        ...ports,
        open: async (connection) => {
          if (responseId !== null) return await this.#resume(responseId, connection);
          return bodyOf(await askStream(question, connection));
        },
        onEvent: (event) => {
          if (responseId === null && event.response !== undefined) {
            responseId = event.response.id;
            this.#accept(entry, responseId, stop);
          }
          ports.onEvent(event);
        },
        mayRetry: (error, failures) =>
          responseId === null ? mayRetrySending(error, failures) : ports.mayRetry(error, failures),
      },
      signal,
    ).catch((error: unknown) => {
      if (responseId === null) throw error;
      this.#fail(responseId, error);
    });
    if (responseId !== null) this.#end(responseId);
  }

  #accept(entry: Outgoing, responseId: string, stop: AbortController): void {
    this.#begin(responseId, stop);
    this.#options.onAccepted(entry, responseId);
    if (this.#stopWanted.delete(entry.key)) void this.#cancel(responseId);
  }

  async #run(
    responseId: string,
    stop: AbortController,
    open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>,
  ): Promise<void> {
    const signal = AbortSignal.any([stop.signal, this.#options.leaving]);
    await followAnswer({ ...this.#ports(() => responseId), open }, signal).catch((error: unknown) =>
      this.#fail(responseId, error),
    );
    this.#end(responseId);
  }

  #ports(responseId: () => string | null): Omit<FollowPorts, 'open'> {
    const { answers } = this.#options;
    const withId = (work: (id: string) => void) => {
      const id = responseId();
      if (id !== null) work(id);
    };
    return {
      settle: async (signal) => {
        const id = responseId();
        if (id === null) return;
        const response = await getResponse(id, signal);
        answers.change(id, (answer) => adoptResponse(answer, response));
      },
      isFinished: () => {
        const id = responseId();
        return id !== null && isFinished(answers.latest(id));
      },
      onEvent: (event) => withId((id) => answers.apply(id, event)),
      onConnection: (connection) =>
        withId((id) => {
          if (answers.latest(id).connection !== connection)
            answers.change(id, (old) => ({ ...old, connection }));
        }),
      mayRetry: (error) => !(error instanceof ApiError) || error.isPassing || error.status === 401,
      wait: (delayMs, error, signal) => this.#wait(delayMs, error, signal),
      random: Math.random,
    };
  }

  async #resume(responseId: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const after = this.#options.answers.latest(responseId).lastSeq;
    return bodyOf(await resumeStream(responseId, after, signal));
  }

  /** Waits out the delay, and a session that has ended; comes back early when the server is found again. */
  async #wait(delayMs: number, error: unknown, signal: AbortSignal): Promise<void> {
    const isSessionOver = error instanceof ApiError && error.status === 401;
    if (isSessionOver) await session.until((state) => state.status === 'signed-in', signal);
    await new Promise<void>((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        unsubscribe();
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        finish();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(finish, delayMs);
      const unsubscribe = reachable.subscribe(() => {
        if (reachable.get()) finish();
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #begin(responseId: string, stop = new AbortController()): AbortController {
    this.#following.set(responseId, stop);
    if (this.#following.size > maxLiveStreams) {
      // The oldest is let go; it is followed again from where it was as soon as it is looked at.
      const [oldest, controller] = [...this.#following][0] ?? [];
      if (oldest !== undefined) this.#following.delete(oldest);
      controller?.abort();
    }
    return stop;
  }

  #end(responseId: string): void {
    this.#following.delete(responseId);
    this.#options.answers.change(responseId, (answer) => ({ ...answer, connection: 'idle' }));
    if (isFinished(this.#options.answers.latest(responseId))) this.#options.onSettled(responseId);
  }

  #fail(responseId: string, error: unknown): void {
    if (!(error instanceof ApiError)) return;
    const failure = { code: error.code, message: error.message };
    this.#options.answers.change(responseId, (answer) => ({ ...answer, status: 'failed', failure }));
  }

  async #cancel(responseId: string): Promise<void> {
    try {
      await cancelResponse(responseId);
    } catch (error) {
      // An answer that has finished meanwhile cannot be stopped: nothing to tell.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

function mayRetrySending(error: unknown, failuresInARow: number): boolean {
  const isPassing = !(error instanceof ApiError) || error.isPassing;
  return isPassing && failuresInARow < maxSendAttempts;
}

function bodyOf(answer: Response): ReadableStream<Uint8Array> {
  if (answer.body === null) throw new TypeError('The answer has no body.');
  return answer.body;
}
