import { ANSWER_RUN, type AnswerInput, outputItemId } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../ledger/scope.ts';
import { isTerminal, type Run } from '../runs/run.ts';
import { submitRun } from '../runs/run-store.ts';
import type { Caller } from './caller.ts';
import { appendItems, type NewItem, replaceAnswer } from './conversation-items.ts';
import { touchConversation } from './conversations.ts';

/** Somebody watches it being written. */
export const INTERACTIVE_PRIORITY = 10;
/** A question for later gives way to those; both go before anything that is done with documents. */
const BACKGROUND_PRIORITY = 5;

export interface TurnRequest {
  responseId: string;
  input: AnswerInput;
  /** As the client sent it; a key counts for its owner only. */
  idempotencyKey: string | null;
  timeoutMs: number;
  /** Called with a run that is new as soon as workers can see it, which is sooner than it is durable. */
  onVisible?: (run: Run) => void;
}

/**
 * Makes a question durable: its run, its own item and the place reserved for its answer, all or nothing. Answers of
 * one conversation are written one after another; a failed or cancelled one does not hold up the next.
 *
 * @throws BudaoError idempotency_key_reused, conversation_not_found, response_replaced
 */
export async function submitTurn(
  ledger: Ledger,
  caller: Caller,
  request: TurnRequest,
): Promise<{ run: Run; created: boolean }> {
  const { input } = request;
  const now = ledgerTime();
  const submit = async (tx: Sql): Promise<{ run: Run; created: boolean }> => {
    const submitted = await submitRun(
      tx,
      {
        id: request.responseId,
        kind: ANSWER_RUN,
        workspaceId: caller.workspaceId,
        subjectId: input.conversationId,
        input,
        idempotencyKey: request.idempotencyKey === null ? null : ownKey(caller, request.idempotencyKey),
        priority: input.background ? BACKGROUND_PRIORITY : INTERACTIVE_PRIORITY,
        timeoutMs: request.timeoutMs,
      },
      now,
    );
    if (submitted.created) await writeItems(scopeSql(tx, caller.workspaceId), caller, submitted.run, now);
    else assertSameRequest(submitted.run, input);
    return submitted;
  };
  return ledger.transaction(submit, {
    onVisible: ({ run, created }) => {
      if (created) request.onVisible?.(run);
    },
  });
}

/** Whether the caller has asked with this key before. */
export async function isKnownTurn(sql: Sql, caller: Caller, idempotencyKey: string | null): Promise<boolean> {
  if (idempotencyKey === null) return false;
  const known = await scopeSql(sql, caller.workspaceId).get(
    'SELECT 1 AS one FROM run WHERE workspace_id = :workspace AND kind = :kind AND idempotency_key = :key',
    { kind: ANSWER_RUN, key: ownKey(caller, idempotencyKey) },
  );
  return known !== undefined;
}

function ownKey(caller: Caller, idempotencyKey: string): string {
  return `${caller.ownerId} ${idempotencyKey}`;
}

async function writeItems(tx: ScopedSql, caller: Caller, run: Run, now: number): Promise<void> {
  const input = run.input as AnswerInput;
  const { conversationId } = input;
  if (conversationId === null) return;
  await touchConversation(tx, caller.ownerId, conversationId, input.question, now);
  const answerItemId = outputItemId('msg', run.id);
  if (input.replacesResponseId !== null) {
    const place = { conversationId, oldRunId: input.replacesResponseId };
    const answer = { itemId: answerItemId, runId: run.id, question: input.question };
    if (!(await replaceAnswer(tx, place, answer, now))) throw responseReplaced(input.replacesResponseId);
    return;
  }
  const asked: NewItem[] = input.inputItems.map((item) => ({
    id: item.id,
    role: item.role,
    text: item.text,
    runId: run.id,
  }));
  const reserved: NewItem = { id: answerItemId, role: 'assistant', text: null, runId: run.id };
  await appendItems(tx, conversationId, [...asked, reserved], now);
}

function assertSameRequest(run: Run, input: AnswerInput): void {
  if ((run.input as AnswerInput).bodyHash === input.bodyHash) return;
  throw new BudaoError(
    'conflict',
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request. Send a new key with a new question.',
  );
}

/** Removes an answer for good: its run, its log, and its place in the conversation. */
export async function deleteAnswer(ledger: Ledger, caller: Caller, run: Run): Promise<void> {
  if (!isTerminal(run.status)) {
    throw new BudaoError(
      'conflict',
      'response_in_progress',
      `Response ${run.id} is still being written. Cancel it first, then delete it.`,
    );
  }
  await ledger.transaction(async (tx: Sql) => {
    const scoped = scopeSql(tx, caller.workspaceId);
    const id = { id: run.id };
    await scoped.run('DELETE FROM feedback WHERE workspace_id = :workspace AND run_id = :id', id);
    await scoped.run(
      `DELETE FROM conversation_item
       WHERE workspace_id = :workspace AND run_id = :id AND role = 'assistant' AND content IS NULL`,
      id,
    );
    await tx.run('DELETE FROM event WHERE run_id = :id', id);
    await scoped.run('DELETE FROM run WHERE workspace_id = :workspace AND id = :id', id);
  });
}

function responseReplaced(id: string): BudaoError {
  return new BudaoError(
    'conflict',
    'response_replaced',
    `Response ${id} is not in this conversation any more: it was deleted, or another answer took its place.`,
    { param: 'replaces_response_id' },
  );
}
