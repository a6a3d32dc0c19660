import { notDelivered, refused } from './notifier.ts';
import { quote } from './post-json.ts';

/** Chat robots answer with status 200 and say in the body whether they took the message. */
export function checkChatAnswer(
  text: string,
  fields: { code: readonly string[]; reason: readonly string[] },
  /** Codes that mean: too many messages, try later. */
  passing: ReadonlySet<number>,
): void {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw refused(`its answer is not that of a chat robot; check the address${quote(text)}.`);
  }
  const code = fields.code.map((name) => answer?.[name]).find((value) => value !== undefined);
  if (code === 0) return;
  const reasons = fields.reason.map((name) => answer?.[name]);
  const reason = reasons.find((value) => typeof value === 'string') ?? '';
  if (typeof code === 'number' && passing.has(code)) throw notDelivered(`code ${code}${quote(reason)}.`);
  throw refused(`code ${String(code)}${quote(reason)}.`);
}
