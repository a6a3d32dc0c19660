import { describe, expect, it } from 'vitest';
import { emptyAnswer } from './answer.ts';
import { AnswerStore } from './answer-store.ts';

describe('the store of answers', () => {
  it('shows many deltas of one frame as one change', () => {
    const pending: (() => void)[] = [];
    const store = new AnswerStore((work) => pending.push(work));
    let changes = 0;
    store.shown('r').subscribe(() => (changes += 1));
    for (let seq = 1; seq <= 50; seq += 1) {
      store.apply('r', { type: 'response.output_text.delta', sequence_number: seq, delta: 'x' });
    }
    expect(pending).toHaveLength(1);
    pending[0]?.();
    expect(changes).toBe(1);
    expect(store.shown('r').get().text).toHaveLength(50);
  });

  it('lets several answers grow at once without mixing them', () => {
    const store = new AnswerStore((work) => work());
    for (const [seq, id] of ['a', 'b', 'a', 'b'].entries()) {
      store.apply(id, { type: 'response.output_text.delta', sequence_number: seq, delta: id });
    }
    expect([store.latest('a').text, store.latest('b').text]).toEqual(['aa', 'bb']);
  });

  it('goes on after the number that came with the conversation, so that a reload doubles nothing', () => {
    const store = new AnswerStore((work) => work());
    store.seed({ ...emptyAnswer('r'), status: 'in_progress', text: 'ab', lastSeq: 4 });
    expect(store.latest('r').lastSeq).toBe(4);
    store.apply('r', { type: 'response.output_text.delta', sequence_number: 4, delta: 'ab' });
    expect(store.latest('r').text).toBe('ab');
  });

  it('does not let an older copy from the conversation undo what was streamed', () => {
    const store = new AnswerStore((work) => work());
    store.apply('r', { type: 'response.output_text.delta', sequence_number: 5, delta: 'newer text' });
    store.seed({ ...emptyAnswer('r'), status: 'in_progress', shownBefore: 'new' });
    expect(store.latest('r').text).toBe('newer text');
    store.seed({ ...emptyAnswer('r'), status: 'completed', text: 'newer text, finished' });
    expect(store.latest('r').text).toBe('newer text, finished');
  });
});
