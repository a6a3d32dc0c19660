import type { Caller } from '../../answers/caller.ts';
import type { ConversationItem } from '../../answers/conversation-items.ts';
import type { Conversation } from '../../answers/conversations.ts';
import type { Rating } from '../../answers/feedback.ts';
import { findAnswerIfAny, finishedAnswer } from '../../answers/find-answer.ts';
import type { AnswerMode, ModeReasonCode } from '../../contract/answer.ts';
import type { FileCitation, ItemStatus } from '../../contract/openai/response-object.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import { projectAnswer } from '../responses/project-answer.ts';
import { fileCitation } from '../responses/response-object.ts';

export interface ConversationObject {
  id: string;
  object: 'conversation';
  created_at: number;
  updated_at: number;
  title: string | null;
  metadata: Record<string, string>;
  active_response_id: string | null;
}

export function conversationObject(conversation: Conversation): ConversationObject {
  return {
    id: conversation.id,
    object: 'conversation',
    created_at: Math.floor(conversation.createdAt / 1000),
    updated_at: Math.floor(conversation.updatedAt / 1000),
    title: conversation.title,
    metadata: conversation.metadata,
    active_response_id: conversation.activeResponseId,
  };
}

type Part =
  | { type: 'input_text'; text: string }
  | { type: 'output_text'; text: string; annotations: FileCitation[]; logprobs: [] };

/** A message of a conversation as the API shows it; answers carry what became of them. */
export interface ItemObject {
  id: string;
  type: 'message';
  role: ConversationItem['role'];
  status: ItemStatus;
  content: Part[];
  created_at: number;
  response_id: string | null;
  mode?: AnswerMode | null;
  mode_reason?: string | null;
  mode_reason_code?: ModeReasonCode | null;
  feedback?: Rating | null;
  /** What went wrong with the answer. */
  error?: { code: string; message: string } | null;
  /** Of an answer that is still being written: its stream goes on after this number. */
  sequence_number?: number;
}

/** Without the answers that somebody has deleted since their items were read. */
export async function itemObjects(
  sql: Sql,
  caller: Caller,
  items: readonly ConversationItem[],
  ratings: ReadonlyMap<string, Rating>,
): Promise<ItemObject[]> {
  const objects: ItemObject[] = [];
  for (const item of items) {
    const object = await itemObject(sql, caller, item, ratings);
    if (object !== null) objects.push(object);
  }
  return objects;
}

/** Null for an answer that is not there any more. */
export async function itemObject(
  sql: Sql,
  caller: Caller,
  item: ConversationItem,
  ratings: ReadonlyMap<string, Rating>,
): Promise<ItemObject | null> {
  const base = {
    id: item.id,
    type: 'message' as const,
    role: item.role,
    created_at: Math.floor(item.createdAt / 1000),
    response_id: item.runId,
  };
  if (item.text !== null || item.runId === null) {
    const text = item.text ?? '';
    const part: Part = item.role === 'assistant' ? outputPart(text, []) : { type: 'input_text', text };
    return { ...base, status: 'completed', content: [part] };
  }
  const run = await findAnswerIfAny(sql, caller, item.runId);
  if (run === null) return null;
  return { ...base, ...(await answerFields(sql, run)), feedback: ratings.get(run.id) ?? null };
}

async function answerFields(
  sql: Sql,
  run: Run,
): Promise<Omit<ItemObject, 'id' | 'type' | 'role' | 'created_at' | 'response_id' | 'feedback'>> {
  const result = finishedAnswer(run);
  if (result !== null) {
    const content = [outputPart(result.text, result.citations.map(fileCitation))];
    return {
      status: result.status,
      content,
      mode: result.mode,
      mode_reason: result.modeReason,
      mode_reason_code: result.modeReasonCode,
      error: null,
    };
  }
  const { response, lastNumber } = await projectAnswer(sql, run);
  const message = response.output.find((output) => output.type === 'message');
  return {
    status: isTerminal(run.status) ? 'incomplete' : 'in_progress',
    content: [outputPart(message?.content[0]?.text ?? '', message?.content[0]?.annotations ?? [])],
    mode: response.budao.mode,
    mode_reason: response.budao.mode_reason,
    mode_reason_code: response.budao.mode_reason_code,
    error: endedWith(run),
    ...(isTerminal(run.status) ? {} : { sequence_number: lastNumber }),
  };
}

function endedWith(run: Run): { code: string; message: string } | null {
  if (run.failure !== null) return run.failure;
  return run.status === 'cancelled' ? { code: 'cancelled', message: 'The answer was stopped.' } : null;
}

function outputPart(text: string, annotations: FileCitation[]): Part {
  return { type: 'output_text', text, annotations, logprobs: [] };
}
