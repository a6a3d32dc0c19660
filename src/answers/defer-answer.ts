import type { AnswerInput, DeferredAnswer } from '../contract/answer.ts';
import type { RunContext, RunOutcome } from '../runs/run.ts';
import { RunDeferral } from '../runs/run-deferral.ts';
import type { ModeDecision } from './modes.ts';

/**
 * Keeps the question until it can be answered. A chat completion has no way to come back to its answer: it fails at
 * once, and says when to ask again.
 */
export async function deferAnswer(
  context: RunContext<AnswerInput>,
  decision: ModeDecision,
  timeoutMs: number,
): Promise<RunOutcome> {
  const message = wordsFor(decision);
  if (context.input.surface === 'chat') {
    return { status: 'failed', failure: { code: 'answering_unavailable', message } };
  }
  const code = decision.reason?.code ?? null;
  if (announcedDeferral(context)?.modeReasonCode !== code) {
    const payload: DeferredAnswer = {
      mode: 'deferred',
      modeReason: message,
      modeReasonCode: code,
      withheldMode: decision.withheld,
    };
    await context.emit('answer.deferred', payload, { progress: false });
  }
  throw new RunDeferral(code ?? 'answering_unavailable', message, { timeoutMs });
}

function wordsFor({ reason, withheld }: ModeDecision): string {
  const why = reason?.reason ?? 'Nothing can answer at the moment.';
  return withheld === null ? why : `${why} This workspace does not allow answers in the mode '${withheld}'.`;
}

/** The last thing that was said of the answer, where that was that it has to wait. */
function announcedDeferral(context: RunContext): DeferredAnswer | null {
  const last = context.history.findLast(
    ({ type }) => type === 'answer.deferred' || type === 'answer.started' || type === 'answer.delta',
  );
  return last?.type === 'answer.deferred' ? (last.payload as DeferredAnswer) : null;
}
