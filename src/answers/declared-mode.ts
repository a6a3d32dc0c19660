import type { AnswerMode, DeclaredMode, StartedAnswer } from '../contract/answer.ts';
import type { BudaoError } from '../contract/errors.ts';
import type { RunContext } from '../runs/run.ts';
import type { AnswerProgress, Searched } from './answer-handler.ts';
import { lesser, type ModeReason, PREFERRED_AWAY, reasonOfModelError } from './modes.ts';

const FULL: DeclaredMode = { mode: 'full', modeReason: null, modeReasonCode: null };

export const MODEL_CHANGED: ModeReason = {
  reason: 'What began this answer is not there any more.',
  code: 'model_changed',
};

export function modelFailure(error: BudaoError): ModeReason {
  return reasonOfModelError(error);
}

/** The mode of a text that a model writes, the one that stands at `endpointIndex` in the order of preference. */
export function modeOfModel({ degraded }: Searched, endpointIndex: number): DeclaredMode {
  if (degraded !== null) return declare(degraded.mode, degraded);
  return endpointIndex > 0 ? declare('fallback-model', PREFERRED_AWAY) : FULL;
}

export function declare(mode: AnswerMode, reason: ModeReason | null): DeclaredMode {
  return { mode, modeReason: reason?.reason ?? null, modeReasonCode: reason?.code ?? null };
}

/**
 * Told before the first words, and durable with them: an answer that is cut short keeps its mode. One that began in a
 * lesser mode stays marked, whoever goes on with it. `seen` passages of those that were found, or null for all: what
 * one writer has seen may be cited, whoever goes on.
 */
export function announce(
  context: RunContext,
  progress: AnswerProgress,
  declared: DeclaredMode,
  seen: number | null = null,
): void {
  const mode = lesser(progress.mode, declared);
  const before = progress.mode === null ? 0 : progress.seenPassages;
  const seenPassages = before === null || seen === null ? null : Math.max(before, seen);
  if (progress.mode?.mode === mode.mode && seenPassages === progress.seenPassages) return;
  Object.assign(progress, { mode, seenPassages });
  const started: StartedAnswer = seenPassages === null ? mode : { ...mode, seenPassages };
  void context.emit('answer.started', started, { lazy: true }).catch(() => {});
}

/** What was announced last, by whoever wrote the text so far. */
export function announcedBefore(context: RunContext): Pick<AnswerProgress, 'mode' | 'seenPassages'> {
  const last = context.history.findLast(
    ({ type }) => type === 'answer.started' || type === 'answer.deferred',
  );
  if (last?.type !== 'answer.started') return { mode: null, seenPassages: null };
  const { seenPassages = null, ...mode } = last.payload as StartedAnswer;
  return { mode, seenPassages };
}
