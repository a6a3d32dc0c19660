import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** Whoever takes the bytes of a body; `null` is its end. */
export interface BodyConsumer {
  onChunk(chunk: Buffer | null): void;
  onError(error: Error): void;
}

export interface PushedResponse {
  statusCode: number;
  headers: IncomingHttpHeaders;
  /** Gives the body to `consumer`, from its start or from where the one before stopped. */
  consume(consumer: BodyConsumer): void;
  /** Ends the connection. */
  abort(reason: Error): void;
}

/**
 * Sends a request and hands the body on as it arrives, by calls. A stream or an iterator between would cost more for
 * each token than everything else that is done with it.
 */
export function openResponse(
  dispatcher: Dispatcher,
  request: { url: string; headers: Record<string, string>; body: string; signal: AbortSignal },
): Promise<PushedResponse> {
  const { origin, pathname, search } = new URL(request.url);
  return new Promise((resolve, reject) => {
    const body = new BodyQueue();
    let abort: ((reason: Error) => void) | null = null;
    const { signal } = request;
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
      body.fail(error);
    };
    const onAbort = (): void => {
      abort?.(signal.reason);
      fail(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    dispatcher.dispatch(
      {
        origin,
        path: pathname + search,
        method: 'POST',
        headers: request.headers,
        body: request.body,
        // The caller keeps the time: one clock for headers, first token and silence.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(controller) {
          abort = (reason) => controller.abort(reason);
          if (signal.aborted) controller.abort(signal.reason);
        },
        onResponseStart(_controller, statusCode, headers) {
          if (statusCode < 200) return;
          resolve({
            statusCode,
            headers,
            consume: (consumer) => body.consume(consumer),
            abort: (reason) => abort?.(reason),
          });
        },
        onResponseData(_controller, chunk) {
          body.push(chunk);
        },
        onResponseEnd() {
          signal.removeEventListener('abort', onAbort);
          body.push(null);
        },
        onResponseError(_controller, error) {
          fail(error);
        },
      },
    );
  });
}

/** Keeps what arrives before there is somebody to take it: the rest of the first packet, as a rule. */
class BodyQueue {
  #waiting: (Buffer | null)[] = [];
  #failure: Error | null = null;
  #consumer: BodyConsumer | null = null;

  push(chunk: Buffer | null): void {
    if (this.#consumer === null) this.#waiting.push(chunk);
    else this.#consumer.onChunk(chunk);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#consumer?.onError(this.#failure);
  }

  consume(consumer: BodyConsumer): void {
    this.#consumer = consumer;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) this.#consumer.onChunk(chunk);
    if (this.#failure !== null) this.#consumer.onError(this.#failure);
  }
}
