/**
 * In which mode a question can be answered: one rule for the answers themselves, for readiness and for the console. An
 * answer may fall short in two ways at once, in what was found and in who writes; each has to be allowed.
 */
import {
  ANSWER_MODES,
  type AnswerMode,
  type DegradedSearch,
  LESSER_MODES,
  type LesserMode,
  type ModeReasonCode,
} from '../contract/answer.ts';
import type { EndpointHealth } from './ports.ts';

/** Why a mode is a lesser one. */
export interface ModeReason {
  reason: string;
  code: ModeReasonCode;
}

export interface ModeSignals {
  /** Who may write, best first; none where no model is configured. Null where quotations were asked for. */
  endpoints: readonly EndpointHealth[] | null;
  /** What the search cannot give; null when all is well, or nothing has to be found. */
  search: DegradedSearch | null;
}

export interface ModeDecision {
  mode: AnswerMode;
  reason: ModeReason | null;
  /** Nobody when the answer has to wait. */
  writer: 'any-model' | 'preferred-model' | 'extract' | 'nobody';
  /** What would have been possible, had it been allowed. */
  withheld: LesserMode | null;
}

export const EVERY_MODE: ReadonlySet<LesserMode> = new Set(LESSER_MODES);

export const NO_MODEL: ModeReason = { reason: 'No model is configured.', code: 'no_model_configured' };
export const PREFERRED_AWAY: ModeReason = {
  reason: 'The preferred model did not answer.',
  code: 'preferred_model_away',
};

const OF_MODEL_ERRORS: Readonly<Record<string, ModeReasonCode>> = {
  upstream_busy: 'model_busy',
  upstream_switched_off: 'model_switched_off',
  upstream_unreachable: 'model_unreachable',
  upstream_timeout: 'model_timeout',
  upstream_rate_limited: 'model_rate_limited',
  upstream_unauthorized: 'model_unauthorized',
  upstream_refused: 'model_refused',
};

export function decideMode(
  { endpoints, search }: ModeSignals,
  allowed: ReadonlySet<LesserMode> = EVERY_MODE,
): ModeDecision {
  if (search !== null && !allowed.has(search.mode)) return deferred(search, search.mode);
  if (endpoints === null) return search?.mode === 'no-knowledge' ? deferred(search, null) : extract(search);
  const writer = allowed.has('fallback-model') ? 'any-model' : 'preferred-model';
  const first = endpoints.findIndex((endpoint) => endpoint.isUsable);
  if (first === 0 || (first > 0 && writer === 'any-model')) {
    const own = first === 0 ? null : PREFERRED_AWAY;
    const mode = search?.mode ?? (first === 0 ? 'full' : 'fallback-model');
    return { mode, reason: search ?? own, writer, withheld: null };
  }
  const why = reasonOfModels(endpoints);
  // Without documents there is nothing to quote, and "the documents do not say" would be a lie. Where no model exists,
  // none will come back: what the answer waits for is the index.
  if (search?.mode === 'no-knowledge') {
    return deferred(endpoints.length === 0 ? search : why, first > 0 ? 'fallback-model' : null);
  }
  if (allowed.has('extractive')) return extract(search ?? why);
  return deferred(why, first > 0 ? 'fallback-model' : 'extractive');
}

/** The same signals with nobody left to write: what remains after every model has failed. */
export function withoutModels(signals: ModeSignals, reason: ModeReason): ModeSignals {
  const lastError = { code: reason.code, message: reason.reason };
  return { ...signals, endpoints: [{ name: '', isUsable: false, lastError }] };
}

export function reasonOfModelError(error: { code: string; message: string }): ModeReason {
  const known = (Object.values(OF_MODEL_ERRORS) as string[]).includes(error.code);
  const code = known ? (error.code as ModeReasonCode) : (OF_MODEL_ERRORS[error.code] ?? 'model_failed');
  return { reason: error.message, code };
}

/** An answer is as good as its weakest part. */
export function lesser<Declared extends { mode: AnswerMode }>(
  one: Declared | null,
  other: Declared,
): Declared {
  if (one === null) return other;
  return ANSWER_MODES.indexOf(one.mode) > ANSWER_MODES.indexOf(other.mode) ? one : other;
}

function reasonOfModels(endpoints: readonly EndpointHealth[]): ModeReason {
  const failed = endpoints.find((endpoint) => endpoint.lastError !== null)?.lastError;
  if (failed != null) return reasonOfModelError(failed);
  return endpoints.length === 0 ? NO_MODEL : SWITCHED_OFF;
}

/** Closed to calls without ever having failed: by hand. */
const SWITCHED_OFF: ModeReason = {
  reason: 'The models were switched off by hand.',
  code: 'model_switched_off',
};

function extract(reason: ModeReason | null): ModeDecision {
  return { mode: 'extractive', reason, writer: 'extract', withheld: null };
}

function deferred(reason: ModeReason, withheld: LesserMode | null): ModeDecision {
  return { mode: 'deferred', reason, writer: 'nobody', withheld };
}
