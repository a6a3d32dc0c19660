import type { ConversationItem } from '../../api/types.ts';
import { type Answer, answerFromItems, textOf } from './answer.ts';
import type { Outgoing } from './outbox.ts';

/** A question with its answer. */
export interface Turn {
  /** Stable while the page lives. */
  key: string;
  question: string;
  responseId: string | null;
  /** The question (or the wish for another answer) that the server has not confirmed yet. */
  outgoing: Outgoing | null;
  /** Why it could not be sent; null while it is on its way. */
  sendError: unknown;
}

export interface Thread {
  status: 'loading' | 'ready' | 'failed';
  error: unknown;
  turns: Turn[];
}

export const emptyThread: Thread = { status: 'ready', error: null, turns: [] };

/** Groups a conversation's items into turns, and tells the answers found on the way. */
export function turnsFromItems(items: readonly ConversationItem[]): { turns: Turn[]; answers: Answer[] } {
  const turns: Turn[] = [];
  const parts = new Map<string, ConversationItem[]>();
  for (const item of items) {
    if (item.role === 'user') {
      turns.push(turnOf(item.id, textOf(item), item.response_id ?? null));
      continue;
    }
    const responseId = item.response_id ?? turns.at(-1)?.responseId ?? `item:${item.id}`;
    const known = parts.get(responseId);
    if (known === undefined) {
      parts.set(responseId, [item]);
      attach(turns, item, responseId);
    } else known.push(item);
  }
  const answers = [...parts].map(([responseId, own]) => answerFromItems(responseId, own));
  return { turns, answers };
}

/**
 * Joins what the server tells with what only this page knows: questions on their way, and those that
 * the server took while the list was being read (`confirmedBefore` holds the keys it had taken before).
 */
export function mergeTurns(
  fromServer: readonly Turn[],
  local: readonly Turn[],
  confirmedBefore: ReadonlySet<string>,
): Turn[] {
  const confirmed = new Set(fromServer.map((turn) => turn.responseId));
  const merged = fromServer.map((turn) => {
    const same = local.find((other) => turn.responseId !== null && other.responseId === turn.responseId);
    return same === undefined
      ? turn
      : { ...turn, key: same.key, outgoing: same.outgoing, sendError: same.sendError };
  });
  const onlyHere = local.filter((turn) =>
    turn.responseId === null
      ? turn.outgoing !== null
      : !confirmed.has(turn.responseId) && !confirmedBefore.has(turn.key),
  );
  return [...merged, ...onlyHere];
}

function attach(turns: Turn[], item: ConversationItem, responseId: string): void {
  const owner = turns.findLast((turn) => turn.responseId === responseId) ?? turns.at(-1);
  if (owner === undefined || (owner.responseId !== null && owner.responseId !== responseId)) {
    turns.push(turnOf(item.id, '', responseId));
  } else owner.responseId = responseId;
}

function turnOf(key: string, question: string, responseId: string | null): Turn {
  return { key, question, responseId, outgoing: null, sendError: null };
}
