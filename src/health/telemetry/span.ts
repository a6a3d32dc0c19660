import { randomBytes } from 'node:crypto';
import { currentTraceParent, newSpanId, withinSpan } from '../../contract/trace-context.ts';

/** As OTLP numbers them. */
export const SPAN_KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = keyof typeof SPAN_KINDS;
export type Attribute = string | number | boolean | readonly string[];
export type Attributes = Record<string, Attribute | null | undefined>;

/** A piece of work that is over. Times are milliseconds since the epoch, with fractions. */
export interface FinishedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  kind: SpanKind;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  /** What went wrong, as a stable name; null when nothing did. */
  errorType: string | null;
}

export type SpanSink = (span: FinishedSpan) => void;

interface Recording {
  sink: SpanSink;
  sampleRatio: number;
}

let recording: Recording | null = null;

/** Until then, and without an endpoint for ever, spans cost one comparison. */
export function recordSpans(sink: SpanSink, sampleRatio: number): Disposable {
  recording = { sink, sampleRatio };
  return { [Symbol.dispose]: () => void (recording = null) };
}

export function isRecording(): boolean {
  return recording !== null;
}

/** One that is under way. */
export class Span {
  /** For those who continue the trace elsewhere. */
  readonly traceParent: string;
  readonly #sink: SpanSink;
  readonly #span: Omit<FinishedSpan, 'endMs' | 'errorType'>;
  #isEnded = false;

  constructor(sink: SpanSink, span: Omit<FinishedSpan, 'endMs' | 'errorType'>) {
    this.#sink = sink;
    this.#span = span;
    this.traceParent = `00-${span.traceId}-${span.spanId}-01`;
  }

  set(attributes: Attributes): void {
    Object.assign(this.#span.attributes, attributes);
  }

  end(errorType: string | null = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sink({ ...this.#span, endMs: nowMs(), errorType });
  }

  within<Result>(work: () => Result): Result {
    return withinSpan(this.traceParent, work);
  }
}

/**
 * Begins a span under `parent`, or under the present trace. Null where nothing is recorded, and in a trace that whoever
 * began it has not marked as sampled.
 */
export function startSpan(
  name: string,
  options: { kind: SpanKind; attributes?: Attributes; parent?: string | null },
): Span | null {
  if (recording === null) return null;
  const parent = options.parent === undefined ? currentTraceParent() : options.parent;
  const isSampled =
    parent === null
      ? Math.random() < recording.sampleRatio
      : (Number.parseInt(parent.slice(53, 55), 16) & 1) === 1;
  if (!isSampled) return null;
  return new Span(recording.sink, {
    traceId: parent?.slice(3, 35) ?? randomBytes(16).toString('hex'),
    spanId: newSpanId(),
    parentSpanId: parent?.slice(36, 52) ?? null,
    name,
    kind: options.kind,
    startMs: nowMs(),
    attributes: { ...options.attributes },
  });
}

/** A span around the work, which belongs to it; `conclude` adds what is known at the end. */
export async function inSpan<Result>(
  name: string,
  options: { kind: SpanKind; attributes?: Attributes; parent?: string | null },
  work: (span: Span | null) => Promise<Result>,
  conclude: (result: Result) => Attributes = () => ({}),
): Promise<Result> {
  const span = startSpan(name, options);
  if (span === null) return work(null);
  try {
    const result = await span.within(() => work(span));
    span.set(conclude(result));
    span.end();
    return result;
  } catch (error) {
    span.end(errorTypeOf(error));
    throw error;
  }
}

/** A stable code where there is one: messages may hold what people wrote. */
export function errorTypeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : '_OTHER';
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
