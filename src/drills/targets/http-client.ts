import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 50;
/** Of what is heard while nobody answers, that much is kept for the log. */
const MAX_ERROR_CHARACTERS = 300;

export interface HttpReply {
  status: number;
  text: string;
  headers: Headers;
}

export interface HttpRequest {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal: AbortSignal;
  /** May be sent again when nobody knows whether it arrived, as what only reads, or carries an idempotency key. */
  isRepeatable?: boolean;
}

/** Says why the target did not do what was asked of it. */
export class TargetError extends Error {
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message.slice(0, MAX_ERROR_CHARACTERS), cause === undefined ? undefined : { cause });
    this.name = 'TargetError';
    this.status = status;
  }
}

/** A client that comes back: what one address does not answer, it asks the next, until the signal. */
export class HttpClient {
  readonly #urls: readonly string[];
  readonly #headers: Record<string, string>;
  #at = 0;

  constructor(urls: readonly string[], headers: Record<string, string>) {
    this.#urls = urls.map((url) => url.replace(/\/+$/, ''));
    this.#headers = headers;
  }

  async json<T>(path: string, request: HttpRequest): Promise<T> {
    const { status, text } = await this.send(path, request);
    if (status >= 300) throw new TargetError(`${status} ${text}`, status);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new TargetError(`no JSON: ${text}`, status, cause);
    }
  }

  /** Any status but those that say "come back later", which are tried again as a broken connection is. */
  async send(path: string, request: HttpRequest): Promise<HttpReply> {
    const response = await this.open(path, request);
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  }

  /** The response with its body still to be read. */
  async open(path: string, request: HttpRequest): Promise<Response> {
    const { signal, isRepeatable = request.method === undefined } = request;
    for (let last: unknown = null; ; ) {
      if (signal.aborted) throw new TargetError(`given up: ${describe(last)}`, statusOf(last), last);
      try {
        const response = await fetch(`${this.#urls[this.#at]}${path}`, this.#init(request));
        if (response.status !== 503 && response.status !== 429) return response;
        last = new TargetError(`${response.status} ${await response.text()}`, response.status);
      } catch (error) {
        if (!signal.aborted) last = error;
        // Nothing was sent where nobody took the connection.
        if (!signal.aborted && !isRepeatable && !isUnsent(error))
          throw new TargetError(describe(error), null, error);
      }
      this.moveOn();
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  moveOn(): void {
    this.#at = (this.#at + 1) % this.#urls.length;
  }

  #init({ method = 'GET', body, headers, signal }: HttpRequest): RequestInit {
    const isForm = body instanceof FormData;
    return {
      method,
      headers: {
        ...this.#headers,
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal,
    };
  }
}

function isUnsent(error: unknown): boolean {
  return /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND/.test(describe(error));
}

function statusOf(error: unknown): number | null {
  return error instanceof TargetError ? error.status : null;
}

export function describe(error: unknown): string {
  if (error === null || error === undefined) return 'no answer';
  if (!(error instanceof Error)) return JSON.stringify(error);
  const cause = error.cause instanceof Error ? ` (${codeOf(error.cause)}${error.cause.message})` : '';
  return `${codeOf(error)}${error.message}${cause}`;
}

function codeOf(error: Error): string {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `${code}: ` : '';
}
