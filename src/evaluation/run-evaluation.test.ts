import { expect, test } from 'vitest';
import { GoldenQuestion } from '../contract/golden.ts';
import { runEvaluation } from './run-evaluation.ts';
import { type AskOutcome, EvaluationFailure, type EvaluationTarget, type FoundPassage } from './target.ts';

const leave: FoundPassage = {
  document: '休假.md',
  text: '第五条 员工依法登记结婚的，享受婚假13天。',
  headings: [],
  article: '第五条',
  page: null,
  chunkId: 'c1',
  knowledgeBaseId: 'vs_1',
};
const other: FoundPassage = {
  ...leave,
  document: '车.md',
  text: '停车每月三十元。',
  article: null,
  chunkId: 'c2',
};

const wedding = GoldenQuestion.parse({
  id: 'q1',
  question: '婚假多少天？',
  facts: [['13天', '十三天']],
  sources: [{ document: '休假.md', article: '第五条' }],
});
const foreign = GoldenQuestion.parse({ id: 'q2', question: '月球票价？', category: 'unanswerable' });

function answerOf(outcome: Partial<AskOutcome>): AskOutcome {
  return {
    text: '员工享受婚假13天。[1]',
    citations: [],
    passages: null,
    mode: 'full',
    endpoint: 'm',
    declined: null,
    firstTokenMs: 5,
    totalMs: 20,
    ...outcome,
  };
}

function targetOf(
  ask: (question: string) => Partial<AskOutcome>,
  passages = [other, leave],
): EvaluationTarget {
  return {
    name: 'test',
    allowedKnowledgeBaseIds: ['vs_1'],
    subject: async () => ({
      target: 'test',
      program_version: '1',
      prompt_version: null,
      models: null,
      knowledge_bases: [],
    }),
    search: async () => ({ passages, mode: 'full', elapsedMs: 3 }),
    ask: async ({ question }) => answerOf(ask(question)),
    citedPlace: async ({ documentId }) =>
      documentId === null ? { state: 'missing' } : { state: 'there', text: leave.text },
  };
}

const decline = { text: '文件没有涉及这个问题。', declined: true };
const right = (question: string) => (question === foreign.question ? decline : {});
const run = (target: EvaluationTarget, options = {}) =>
  runEvaluation(target, { name: 'two', questions: [wedding, foreign] }, options);

const citation = {
  start: 10,
  end: 13,
  document: '休假.md',
  documentId: 'file_1',
  knowledgeBaseId: 'vs_1',
  chunkId: 'c1',
  quote: '享受婚假13天',
  place: null,
  headings: [],
  article: null,
  page: null,
};

test('right answers pass, with rank, facts and support', async () => {
  const { questions, totals, complete } = await run(targetOf(right));
  expect(questions.map(({ answer_passed: passed }) => passed)).toEqual([true, true]);
  expect(questions[0]?.retrieval).toMatchObject({ rank: 2, document_rank: 2 });
  expect(complete).toBe(true);
  expect(totals).toMatchObject({ hit1: 0, hit5: 1, mrr: 0.5, fact_recall: 1, decline_rate: 1, support: 1 });
});

test('an unanswered question fails, and says why', async () => {
  const broken = targetOf(right);
  broken.ask = async () => {
    throw new EvaluationFailure('model_timeout', 'late');
  };
  const { questions, totals } = await run(broken);
  expect(questions[0]).toMatchObject({
    answer_passed: false,
    failures: ['unanswered'],
    error: { code: 'model_timeout' },
  });
  expect(totals).toMatchObject({ unanswered: 2, fact_recall: 0, answers_passed: 0, false_decline_rate: 0 });
});

test('an empty answer is no answer', async () => {
  const { questions } = await run(targetOf(() => ({ text: ' ' })));
  expect(questions[0]?.failures).toEqual(['unanswered']);
});

test('a wrong figure fails by its fact and lacks support', async () => {
  const { questions } = await run(
    targetOf((question) => (question === foreign.question ? decline : { text: '员工享受婚假15天。' })),
  );
  expect(questions[0]).toMatchObject({
    failures: ['facts_missing'],
    answer: { support: { claims: 1, supported: 0 } },
  });
});

test('declining what the documents answer fails, as does answering what they do not', async () => {
  const { questions } = await run(targetOf((question) => (question === foreign.question ? {} : decline)));
  expect(questions.map(({ failures }) => failures)).toEqual([['false_decline'], ['not_declined']]);
});

test('a citation that leads nowhere fails the answer', async () => {
  const citing = (documentId: string | null) =>
    targetOf((question) =>
      question === foreign.question ? decline : { citations: [{ ...citation, documentId }] },
    );
  const good = await run(citing('file_1'));
  expect(good.questions[0]?.answer?.citations).toMatchObject({
    total: 1,
    exists: 1,
    supporting: 1,
    missing: 0,
  });
  const bad = await run(citing(null));
  expect(bad.questions[0]?.failures).toEqual(['citation_missing']);
});

test('a forbidden document, or one of a knowledge base that was not asked, is a leak', async () => {
  const foreignBase = { ...other, knowledgeBaseId: 'vs_2', document: '工资.xlsx' };
  const { questions, totals } = await run(targetOf(right, [foreignBase, leave]));
  expect(questions[0]).toMatchObject({ leaks: ['工资.xlsx'], failures: ['leak'] });
  expect(totals.leaks).toBe(2);
  const secret = { ...wedding, forbidden: ['车.md'] };
  const named = await runEvaluation(targetOf(right), { name: 'x', questions: [secret] });
  expect(named.questions[0]?.leaks).toEqual(['车.md']);
});

test('a judge counts by majority, and its nonsense decides nothing', async () => {
  const judging = (...replies: string[]) => ({ name: 'j', ask: async () => replies.shift() ?? '' });
  const verdictOf = async (...replies: string[]) =>
    (await run(targetOf(right), { judge: judging(...replies), concurrency: 1 })).questions[0]?.answer?.judge;
  expect(await verdictOf('SUPPORTED', 'x\nSUPPORTED', 'UNSUPPORTED')).toMatchObject({ verdict: 'faithful' });
  expect(await verdictOf('UNSUPPORTED', 'UNSUPPORTED', '')).toMatchObject({
    verdict: 'unfaithful',
    errors: 1,
  });
  expect(await verdictOf('SUPPORTED', 'maybe', 'SUPPORTED or UNSUPPORTED')).toMatchObject({
    verdict: 'inconclusive',
    errors: 2,
  });
});

test('a stopped evaluation keeps what was asked and says that it is not complete', async () => {
  const stopping = new AbortController();
  const { questions, complete } = await run(targetOf(right), {
    signal: stopping.signal,
    concurrency: 1,
    onQuestion: () => stopping.abort(),
  });
  expect(questions).toHaveLength(1);
  expect(complete).toBe(false);
});

test('without answers only retrieval is measured', async () => {
  const { questions } = await run(targetOf(right), { answers: false });
  expect(questions[0]).toMatchObject({ answer: null, answer_passed: null, retrieval_passed: true });
});
