import { ApiError } from '../api/api-error.ts';
import { hasText, type TextKey, type TextValues, type Translate } from './text.ts';

export interface ErrorText {
  what: string;
  /** What to do about it; null when the first sentence says it. */
  advice: string | null;
}

/** Both as one line. */
export function inOneLine(t: Translate, { what, advice }: ErrorText): string {
  return advice === null ? what : t('error.withAdvice', { what, advice });
}

/** Words for a failure: by code from the dictionary, else the server's own message. */
export function errorText(t: Translate, error: unknown): ErrorText {
  if (error instanceof ApiError) return failureText(t, error.code, error.message, error.status);
  const message = error instanceof Error ? error.message : String(error);
  return { what: t('error.unknown'), advice: message };
}

export function failureText(t: Translate, code: string | null, message: string, status = 0): ErrorText {
  const key = `error.${code ?? ''}`;
  if (hasText(key)) return { what: t(key), advice: adviceFor(t, key) };
  if (message !== '' && !message.startsWith('HTTP ')) return { what: message, advice: null };
  const byStatus = `error.http_${status}`;
  if (hasText(byStatus)) return { what: t(byStatus), advice: adviceFor(t, byStatus) };
  return { what: t('error.unknown'), advice: message || null };
}

function adviceFor(t: Translate, key: TextKey): string | null {
  const advice = `${key}.advice`;
  return hasText(advice) ? t(advice) : null;
}

/** A note on a document in the reader's language; in the service's own words where it has no code that is known. */
export function warningText(
  t: Translate,
  warning: { code: string | null; message: string; values: TextValues },
): string {
  const key = `warning.${warning.code ?? ''}`;
  return hasText(key) ? t(key, warning.values) : warning.message;
}
