import type { AnswerMode, DeclaredMode, ModeReasonCode } from '../contract/answer.ts';
import type { BudaoError } from '../contract/errors.ts';
import type { RunContext } from '../runs/run.ts';
import type { AnswerProgress, Searched } from './answer-handler.ts';

const FULL: DeclaredMode = { mode: 'full', modeReason: null, modeReasonCode: null };

const OF_MODEL_ERRORS: Readonly<Record<string, ModeReasonCode>> = {
  upstream_unreachable: 'model_unreachable',
  upstream_timeout: 'model_timeout',
  upstream_rate_limited: 'model_rate_limited',
  upstream_unauthorized: 'model_unauthorized',
  upstream_refused: 'model_refused',
};

/** Why a mode is a lesser one. */
export interface ModeReason {
  reason: string;
  code: ModeReasonCode;
}

export const NO_MODEL: ModeReason = { reason: 'No model is configured.', code: 'no_model_configured' };
export const MODEL_CHANGED: ModeReason = {
  reason: 'What began this answer is not there any more.',
  code: 'model_changed',
};
const PREFERRED_AWAY: ModeReason = {
  reason: 'The preferred model did not answer.',
  code: 'preferred_model_away',
};

export function modelFailure(error: BudaoError): ModeReason {
  return { reason: error.message, code: OF_MODEL_ERRORS[error.code] ?? 'model_failed' };
}

/** The mode of a text that a model writes, the one that stands at `endpointIndex` in the order of preference. */
export function modeOfModel({ degraded }: Searched, endpointIndex: number): DeclaredMode {
  if (degraded !== null) return declare(degraded.mode, degraded);
  return endpointIndex > 0 ? declare('fallback-model', PREFERRED_AWAY) : FULL;
}

export function declare(mode: AnswerMode, reason: ModeReason | null): DeclaredMode {
  return { mode, modeReason: reason?.reason ?? null, modeReasonCode: reason?.code ?? null };
}

/** Told before the first words, and durable with them: an answer that is cut short keeps its mode. */
export function announce(context: RunContext, progress: AnswerProgress, declared: DeclaredMode): void {
  if (progress.mode?.mode === declared.mode) return;
  progress.mode = declared;
  void context.emit('answer.started', declared, { lazy: true }).catch(() => {});
}

/** What was announced last, by whoever wrote the text so far. */
export function announcedMode(context: RunContext): DeclaredMode | null {
  const last = context.history.findLast((event) => event.type === 'answer.started');
  return last === undefined ? null : (last.payload as DeclaredMode);
}
