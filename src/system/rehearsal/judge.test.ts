import { expect, test } from 'vitest';
import type { GoldenQuestion } from '../../evaluation/golden.ts';
import { type Answers, judge, type Seen } from './judge.ts';

const question = (id: string, document: string): GoldenQuestion => ({
  id,
  question: '?',
  category: 'number',
  language: 'zh',
  answer: '',
  facts: [['15天']],
  sources: [{ document }],
  any: true,
  style: 'lexical',
});
const questions = [question('q1', 'a.md'), question('q2', 'b.md')];
const answers = (hashes: [string, string], scores = [1, 1], documents = ['a.md', 'b.md']): Answers => ({
  findings: new Map(questions.map(({ id }, at) => [id, { id, hash: hashes[at] ?? '', documents }] as const)),
  scores: new Map(questions.map(({ id }, at) => [id, scores[at] ?? 0] as const)),
});
const same = answers(['1', '2']);
const seen: Seen = {
  questions,
  restored: same,
  documents: new Set(['a.md', 'b.md']),
  baseline: { kind: 'live', isSameContent: true, ...same },
  isWithoutVectors: false,
  doctorErrors: [],
};

test('a rehearsal passes when everything is found and answered as before', () => {
  expect(judge(seen)).toMatchObject({ verdict: 'pass', code: null, retrieval: { identical: 2, found: 2 } });
});

test.each<[string, Partial<Seen>, string, string]>([
  [
    'the same documents find something else',
    { restored: answers(['1', 'x']) },
    'fail',
    'rehearsal_retrieval_differs',
  ],
  [
    'a document is no longer found, though others have come and gone',
    {
      restored: answers(['1', 'x'], [1, 1], ['a.md']),
      baseline: { kind: 'live', isSameContent: false, ...same },
    },
    'fail',
    'rehearsal_retrieval_differs',
  ],
  [
    'answers hold fewer facts',
    { restored: answers(['1', '2'], [1, 0.5]) },
    'fail',
    'rehearsal_answers_worse',
  ],
  [
    'what was restored does not fit together',
    { doctorErrors: ['a blob is missing.'] },
    'fail',
    'rehearsal_inconsistent',
  ],
  ['there is nothing to compare with', { baseline: null }, 'inconclusive', 'rehearsal_no_baseline'],
  ['meanings could not be searched by', { isWithoutVectors: true }, 'inconclusive', 'rehearsal_models_off'],
])('a rehearsal does not pass when %s', (_, change, verdict, code) => {
  const judged = judge({ ...seen, ...change });
  expect(judged).toMatchObject({ verdict, code });
  expect(judged.message).not.toBe('');
});

test('what came after the snapshot is no loss', () => {
  const restored = answers(['1', 'x'], [1, 0], ['a.md']);
  const baseline = { kind: 'live' as const, isSameContent: false, ...same };
  expect(judge({ ...seen, restored, baseline, documents: new Set(['a.md']) })).toMatchObject({
    verdict: 'pass',
  });
});
