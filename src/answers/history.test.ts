import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANSWER_INPUT } from '../../tests/support/answer-input.ts';
import type { AnswerInput } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import type { Run } from '../runs/run.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { createConversation } from './conversations.ts';
import { loadHistory } from './history.ts';
import { submitTurn } from './turns.ts';

const CALLER = { workspaceId: 'ws_test', ownerId: ANSWER_INPUT.ownerId };
let cleanup: AsyncDisposableStack;
let ledger: Ledger;
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-history-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
});
afterEach(() => cleanup.disposeAsync());

/** A question with its answer, unless that is not written yet. */
async function ask(question: string, answer: string | null, place: Partial<AnswerInput>): Promise<Run> {
  const inputItems = [{ id: newId('message'), role: 'user' as const, text: question }];
  const input: AnswerInput = { ...ANSWER_INPUT, conversationId: null, question, inputItems, ...place };
  const request = { responseId: newId('response'), input, idempotencyKey: null, timeoutMs: 60_000 };
  const { run } = await submitTurn(ledger, CALLER, request);
  if (answer !== null) {
    const result = JSON.stringify({ text: answer });
    await ledger.transaction((tx) =>
      tx.run(`UPDATE run SET status = 'completed', result = :result WHERE id = :id`, { id: run.id, result }),
    );
  }
  return run;
}

test('what was said before is not left out because the ledger is away for a moment', async () => {
  const first = await ask('Who has leave?', 'Staff.', {});
  const second = await ask('How long?', '15 days.', { previousResponseId: first.id });
  const third = await ask('And next year?', null, { previousResponseId: second.id });
  const contents = (await loadHistory(ledger, third)).map(({ content }) => content);
  expect(contents).toEqual(['Who has leave?', 'Staff.', 'How long?', '15 days.']);

  const away = new BudaoError('unavailable', 'ledger_unavailable', 'The database is away.');
  const read: Ledger['read'] = {
    ...ledger.read,
    all: (...args) => ledger.read.all(...args),
    get: (statement, params) =>
      Object.values(params ?? {}).includes(first.id)
        ? Promise.reject(away)
        : ledger.read.get(statement, params),
  };
  await expect(loadHistory({ read } as Ledger, third)).rejects.toBe(away);
});

test('an answer that is deleted while a question after it is being answered does not fail that', async () => {
  const conversation = await ledger.transaction((tx) =>
    createConversation(scopeSql(tx, CALLER.workspaceId), { ownerId: CALLER.ownerId, metadata: {} }, 1),
  );
  const place = { conversationId: conversation.id };
  const first = await ask('Who has leave?', 'Staff.', place);
  await ask('How long?', '15 days.', place);
  const third = await ask('And next year?', null, place);
  await ledger.transaction((tx) => tx.run('DELETE FROM run WHERE id = :id', { id: first.id }));
  const contents = (await loadHistory(ledger, third)).map(({ content }) => content);
  expect(contents).toEqual(['Who has leave?', 'How long?', '15 days.']);
});
