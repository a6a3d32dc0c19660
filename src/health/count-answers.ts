import { ANSWER_RUN, type AnswerInput, type AnswerResult, type ModeReasonCode } from '../contract/answer.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Run, RunContext, RunHandler, RunOutcome } from '../runs/run.ts';
import type { WorkerObserver } from '../runs/run-worker.ts';
import { CANARY_MARK } from './canary/canary-mark.ts';
import type { Meter } from './signals/meter.ts';

/** Lesser modes that somebody has chosen: nothing is amiss. */
const CHOSEN: ReadonlySet<ModeReasonCode> = new Set(['no_model_configured', 'embedder_not_configured']);

/** The same handler; counts how answers turn out. Costs one comparison for each piece of text. */
export function countingAnswers(handler: RunHandler<never>, meter: Meter): RunHandler<never> {
  if (handler.kind !== ANSWER_RUN) return handler;
  return {
    ...handler,
    async handle(context) {
      // What the health check asks is nobody's question.
      if (CANARY_MARK in ((context.input as AnswerInput).metadata ?? {})) return handler.handle(context);
      const outcome = await handler.handle(timingFirstText(context, meter) as RunContext<never>);
      countOutcome(outcome, meter);
      meter.time('answer_time', secondsSince(context.run));
      return outcome;
    },
  };
}

/** What the worker itself sees of runs. */
export function countRuns(meter: Meter): Required<Pick<WorkerObserver, 'onClaimed' | 'onEnded'>> {
  return {
    onClaimed(run) {
      meter.count('runs_claimed');
      if (run.epoch > 1) meter.count('runs_taken_over');
      else if (run.kind === ANSWER_RUN) meter.time('queue_time', secondsSince(run));
    },
    onEnded(run, status) {
      if (status !== 'failed') return;
      meter.count('runs_failed');
      if (run.kind === ANSWER_RUN) meter.count('turns_failed');
    },
  };
}

function timingFirstText(context: RunContext, meter: Meter): RunContext {
  // Whoever takes an answer over continues words that were seen already.
  let isAwaited = context.history.every((event) => event.type !== 'answer.delta');
  const note = (type: string): void => {
    if (!isAwaited || type !== 'answer.delta') return;
    isAwaited = false;
    meter.time('first_text_time', secondsSince(context.run));
  };
  return {
    run: context.run,
    input: context.input,
    signal: context.signal,
    history: context.history,
    step: (name, work, options) => context.step(name, work, options),
    emit(type, payload, options) {
      note(type);
      return context.emit(type, payload, options);
    },
    stream(type, text) {
      note(type);
      context.stream(type, text);
    },
    transaction: (work) => context.transaction(work),
  };
}

function countOutcome({ status, result }: RunOutcome, meter: Meter): void {
  if (status === 'cancelled') return meter.count('turns_cancelled');
  if (status !== 'completed' && status !== 'incomplete') return;
  meter.count(status === 'completed' ? 'turns_completed' : 'turns_incomplete');
  const { mode, modeReasonCode, declined, citations } = (result ?? {}) as Partial<AnswerResult>;
  const isChosen = modeReasonCode === null || modeReasonCode === undefined || CHOSEN.has(modeReasonCode);
  if (mode !== 'full' && !isChosen) meter.count('turns_degraded');
  if (declined === true) meter.count('turns_declined');
  else if ((citations ?? []).length === 0) meter.count('turns_uncited');
}

function secondsSince(run: Run): number {
  return (ledgerTime() - run.createdAt) / 1_000;
}
