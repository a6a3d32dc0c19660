import { describe, expect, it } from 'vitest';
import type { ConversationItem } from '../../api/types.ts';
import { mergeTurns, type Turn, turnsFromItems } from './thread.ts';

const user = (id: string, text: string, response_id: string): ConversationItem => ({
  id,
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
  response_id,
});
const assistant = (id: string, text: string, response_id: string): ConversationItem => ({
  id,
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text }],
  response_id,
});
const turn = (key: string, change: Partial<Turn>): Turn => ({
  key,
  question: key,
  responseId: null,
  outgoing: null,
  sendError: null,
  ...change,
});
const outgoing = (key: string, replacesResponseId: string | null = null) => ({
  key,
  conversationId: 'c',
  text: 'q',
  knowledgeBaseIds: null,
  replacesResponseId,
  createdAt: 0,
});

describe('turns of a conversation', () => {
  it('pairs each question with its answer', () => {
    const { turns, answers } = turnsFromItems([
      user('1', 'first', 'r1'),
      assistant('2', 'one', 'r1'),
      user('3', 'second', 'r2'),
      assistant('4', 'two', 'r2'),
    ]);
    expect(turns.map(({ question, responseId }) => [question, responseId])).toEqual([
      ['first', 'r1'],
      ['second', 'r2'],
    ]);
    expect(answers.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('follows a question whose answer has no item yet', () => {
    expect(turnsFromItems([user('1', 'q', 'r1')]).turns[0]?.responseId).toBe('r1');
  });

  it('keeps a question that is still on its way', () => {
    const waiting = turn('local', { outgoing: outgoing('local') });
    expect(mergeTurns([], [waiting], new Set())).toEqual([waiting]);
  });

  it('keeps a question that the server took while the list was being read', () => {
    const taken = turn('local', { responseId: 'r9' });
    expect(mergeTurns([], [taken], new Set())).toEqual([taken]);
  });

  it('drops an answer that another page has replaced meanwhile', () => {
    const old = turn('local', { responseId: 'r1' });
    const fresh = turn('2', { responseId: 'r2' });
    expect(mergeTurns([fresh], [old], new Set(['local']))).toEqual([fresh]);
  });

  it('does not forget a wish to regenerate when the list is read again', () => {
    const local = turn('local', { responseId: 'r1', outgoing: outgoing('k', 'r1') });
    const [merged] = mergeTurns([turn('1', { responseId: 'r1' })], [local], new Set());
    expect(merged).toMatchObject({ key: 'local', outgoing: { key: 'k' } });
  });
});
