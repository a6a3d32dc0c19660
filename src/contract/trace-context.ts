/**
 * W3C Trace Context (https://www.w3.org/TR/trace-context/): a request that came with a `traceparent` hands its trace on
 * to the model endpoints that it makes us call. A request without one has no trace, and none is made up for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** Version, trace, span, flags; later versions may have more behind that. */
const TRACE_PARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
const SPAN_BYTES = 8;
/** The one flag that version 00 knows. */
const SAMPLED = 1;

interface Current {
  traceParent: string;
  /** Names a span that this process records itself, so that a call may name it as its parent. */
  isRecorded: boolean;
}

const current = new AsyncLocalStorage<Current | null>();

/** The header as it came, or null where it is missing or not what the standard says. */
export function readTraceParent(header: string | readonly string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  const match = TRACE_PARENT.exec(header);
  if (match === null) return null;
  const [, version, , , rest] = match;
  return version === '00' && rest !== undefined ? null : header;
}

/** Everything that the work does and awaits belongs to the trace; null leaves any other. */
export function withinTrace<Result>(traceParent: string | null, work: () => Result): Result {
  return current.run(traceParent === null ? null : { traceParent, isRecorded: false }, work);
}

/** The same for a span that this process records: what the work calls is a child of it. */
export function withinSpan<Result>(traceParent: string, work: () => Result): Result {
  return current.run({ traceParent, isRecorded: true }, work);
}

export function currentTraceParent(): string | null {
  return current.getStore()?.traceParent ?? null;
}

/** The ids for a log line, by the names that OpenTelemetry gives them; nothing outside of a trace. */
export function traceIds(traceParent = currentTraceParent()): { trace_id?: string; span_id?: string } {
  const [, version, traceId, flags] = TRACE_PARENT.exec(traceParent ?? '') ?? [];
  if (traceParent === null || version === undefined || traceId === undefined || flags === undefined)
    return {};
  return { trace_id: traceId, span_id: traceParent.slice(36, 52) };
}

/** Headers for a call to another system: the present trace under a span of its own, or none. */
export function traceHeaders(): { traceparent?: string } {
  const trace = current.getStore() ?? null;
  if (trace?.isRecorded === true) return { traceparent: trace.traceParent };
  const [, , traceId, flags] = TRACE_PARENT.exec(trace?.traceParent ?? '') ?? [];
  if (traceId === undefined || flags === undefined) return {};
  const sampled = (Number.parseInt(flags, 16) & SAMPLED).toString(16).padStart(2, '0');
  return { traceparent: `00-${traceId}-${newSpanId()}-${sampled}` };
}

export function newSpanId(): string {
  for (;;) {
    const id = randomBytes(SPAN_BYTES).toString('hex');
    if (/[^0]/.test(id)) return id;
  }
}
