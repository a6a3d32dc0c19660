import { readTraceParent, withinTrace } from '../contract/trace-context.ts';
import { isRecording } from '../health/telemetry/span.ts';
import type { RunHandler } from '../runs/run.ts';
import { inRunSpan } from './telemetry.ts';

/** A run belongs to the trace of the request that asked for it, whichever process works on it. */
export function traced(handler: RunHandler<never>): RunHandler<never> {
  return {
    kind: handler.kind,
    concurrency: handler.concurrency,
    handle: (context) => {
      const { traceParent } = (context.run.input ?? {}) as { traceParent?: string };
      const parent = readTraceParent(traceParent);
      const work = () => handler.handle(context);
      return withinTrace(parent, () => (isRecording() ? inRunSpan(context, parent, work) : work()));
    },
  };
}
