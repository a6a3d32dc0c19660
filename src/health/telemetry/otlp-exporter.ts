/** Sends spans to a collector as OTLP/HTTP with JSON (https://opentelemetry.io/docs/specs/otlp/). */
import { Agent, request } from 'undici';
import { type Attribute, type Attributes, type FinishedSpan, SPAN_KINDS } from './span.ts';

const FLUSH_INTERVAL_MS = 2_000;
const SEND_TIMEOUT_MS = 10_000;
/** A collector that is away costs this much memory, and loses spans; never a request. */
const MAX_WAITING_SPANS = 4_096;
const MAX_SPANS_PER_POST = 512;
const ERROR_STATUS = 2;
const MAX_ATTRIBUTE_CHARACTERS = 1_000;

export interface OtlpOptions {
  /** Such as http://collector:4318. */
  endpoint: string;
  /** Says which process it is. */
  resource: Attributes;
  onError(error: unknown): void;
}

export class OtlpExporter implements AsyncDisposable {
  readonly #options: OtlpOptions;
  readonly #url: string;
  readonly #agent = new Agent({ headersTimeout: SEND_TIMEOUT_MS, bodyTimeout: SEND_TIMEOUT_MS });
  readonly #timer: NodeJS.Timeout;
  #waiting: FinishedSpan[] = [];
  #sending: Promise<void> | null = null;
  #isAway = false;
  dropped = 0;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#url = `${options.endpoint.replace(/\/+$/, '').replace(/\/v1\/traces$/, '')}/v1/traces`;
    this.#timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS);
    this.#timer.unref();
  }

  readonly add = (span: FinishedSpan): void => {
    if (this.#waiting.length >= MAX_WAITING_SPANS) this.dropped += 1;
    else this.#waiting.push(span);
  };

  /** Sends what waits. What a collector does not take is dropped: telemetry is no record. */
  flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
    await this.#agent.destroy();
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.splice(0, MAX_SPANS_PER_POST);
      try {
        const { statusCode, body } = await request(this.#url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(encode(this.#options.resource, spans)),
          dispatcher: this.#agent,
        });
        await body.dump();
        if (statusCode >= 300) throw new Error(`the collector answered with status ${statusCode}`);
        this.#isAway = false;
      } catch (error) {
        this.dropped += spans.length;
        // Said once, until it works again.
        if (!this.#isAway) this.#options.onError(error);
        this.#isAway = true;
        return;
      }
    }
  }
}

function encode(resource: Attributes, spans: readonly FinishedSpan[]): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeSpans: [{ scope: { name: 'budao' }, spans: spans.map(encodeSpan) }],
      },
    ],
  };
}

function encodeSpan(span: FinishedSpan): object {
  const { errorType } = span;
  const attributes = errorType === null ? span.attributes : { ...span.attributes, 'error.type': errorType };
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: SPAN_KINDS[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: encodeAttributes(attributes),
    status: errorType === null ? {} : { code: ERROR_STATUS },
  };
}

function encodeAttributes(attributes: Attributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [{ key, value: encodeValue(value) }],
  );
}

function encodeValue(value: Attribute): object {
  if (typeof value === 'string') return { stringValue: value.slice(0, MAX_ATTRIBUTE_CHARACTERS) };
  if (typeof value === 'boolean') return { boolValue: value };
  // 64-bit integers are strings in the JSON of protocol buffers.
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  return { arrayValue: { values: value.map((item) => encodeValue(item)) } };
}

/** More digits than a number holds. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n);
}
