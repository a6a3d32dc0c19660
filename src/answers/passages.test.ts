import { describe, expect, it } from 'vitest';
import { fromAnswerPassage, toAnswerPassage } from './passages.ts';

const hit = {
  chunk: {
    id: 'd#4',
    documentId: 'd',
    ordinal: 4,
    text: '婚假13天。',
    headingPath: ['休假办法'],
    page: null,
    article: null,
    start: 0,
    end: 6,
    tokens: 6,
  },
  score: 0.5,
  coverage: 0.4,
  lexical: 0.2,
  knowledgeBaseId: 'kb',
  filename: 'leave.md',
  attributes: { status: 'superseded', effective_date: '2022-03-01' },
};

describe('passages', () => {
  it('keep the evidence of the search through the log, so that declining is decided by it', () => {
    const passage = fromAnswerPassage(toAnswerPassage(hit, 1, '2026-05-01'));
    expect(passage).toMatchObject({ coverage: 0.4, lexical: 0.2, chunk: { ordinal: 4 } });
  });

  it('carry whether their document is in force, as it was on the day of the search', () => {
    const stored = toAnswerPassage(hit, 1, '2026-05-01');
    expect(stored.attributes).toEqual(hit.attributes);
    expect(fromAnswerPassage(stored).standing).toMatchObject({
      state: 'withdrawn',
      effectiveDate: '2022-03-01',
    });
    expect(
      fromAnswerPassage(toAnswerPassage({ ...hit, attributes: {} }, 1, '2026-05-01')).standing,
    ).toBeUndefined();
  });
});
