import type { AnswerInput, AnswerMessage } from '../contract/answer.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import { isTerminal, type Run } from '../runs/run.ts';
import type { Caller } from './caller.ts';
import { answerPosition, type ConversationItem, itemsBefore } from './conversation-items.ts';
import { findAnswerIfAny, readAnswerText } from './find-answer.ts';

/** More than fits into any prompt that also holds passages; the token budget cuts further. */
const MAX_HISTORY_MESSAGES = 40;

/**
 * What was said before the question of this answer, oldest first: the conversation or the chain of previous
 * responses, then the messages that came with the request.
 */
export async function loadHistory(ledger: Ledger, run: Run): Promise<AnswerMessage[]> {
  const input = run.input as AnswerInput;
  const caller = { workspaceId: run.workspaceId, ownerId: input.ownerId };
  const before = await messagesBefore(ledger, caller, run);
  return [...before, ...input.messages].slice(-MAX_HISTORY_MESSAGES);
}

async function messagesBefore(ledger: Ledger, caller: Caller, run: Run): Promise<AnswerMessage[]> {
  const input = run.input as AnswerInput;
  if (input.conversationId !== null) return conversationBefore(ledger, run, input.conversationId);
  return input.previousResponseId === null ? [] : chainUpTo(ledger, caller, input.previousResponseId);
}

async function conversationBefore(
  ledger: Ledger,
  run: Run,
  conversationId: string,
): Promise<AnswerMessage[]> {
  const sql = scopeSql(ledger.read, run.workspaceId);
  const position = await answerPosition(sql, conversationId, run.id);
  const items = await itemsBefore(sql, conversationId, position ?? null, MAX_HISTORY_MESSAGES);
  const owner = (run.input as AnswerInput).ownerId;
  const messages: AnswerMessage[] = [];
  for (const item of items.reverse()) {
    // The question itself, and what came with it, is in the run's own input.
    if (item.runId === run.id) continue;
    messages.push(...(await itemMessage(ledger, { workspaceId: run.workspaceId, ownerId: owner }, item)));
  }
  return messages;
}

async function itemMessage(ledger: Ledger, caller: Caller, item: ConversationItem): Promise<AnswerMessage[]> {
  if (item.text !== null) {
    return [{ role: item.role === 'developer' ? 'system' : item.role, content: item.text }];
  }
  if (item.runId === null) return [];
  const run = await findAnswerIfAny(ledger.read, caller, item.runId);
  // Deleted since its place was read.
  if (run === null) return [];
  const text = await readAnswerText(ledger.read, run);
  return text === '' ? [] : [{ role: 'assistant', content: text }];
}

/** Walks back from a response; stops where a response was deleted. */
async function chainUpTo(ledger: Ledger, caller: Caller, responseId: string): Promise<AnswerMessage[]> {
  const messages: AnswerMessage[] = [];
  let nextId: string | null = responseId;
  while (nextId !== null && messages.length < MAX_HISTORY_MESSAGES) {
    const run: Run | null = await findAnswerIfAny(ledger.read, caller, nextId);
    if (run === null) break;
    const input = run.input as AnswerInput;
    const text = isTerminal(run.status) ? await readAnswerText(ledger.read, run) : '';
    const turn: AnswerMessage[] = [...input.messages, { role: 'user', content: input.question }];
    if (text !== '') turn.push({ role: 'assistant', content: text });
    messages.unshift(...turn);
    if (input.conversationId !== null) {
      messages.unshift(...(await conversationBefore(ledger, run, input.conversationId)));
      break;
    }
    nextId = input.previousResponseId;
  }
  return messages;
}
