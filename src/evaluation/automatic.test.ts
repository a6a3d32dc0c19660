import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestKnowledge, type TestKnowledge, WORKSPACE } from '../knowledge/testing.ts';
import { scopeSql } from '../ledger/scope.ts';
import { type AnsweringState, submitWhatIsDue } from './automatic.ts';
import { compareEvaluations, judgeAlone } from './compare/compare.ts';
import { listEvaluations, saveEvaluation } from './results/evaluations.ts';
import { canaryQuestions } from './sets/canary-questions.ts';
import { approvedQuestions, changeQuestion, listQuestions, putQuestions } from './sets/golden-questions.ts';
import { changeGoldenSet, createGoldenSet, requireGoldenSet } from './sets/golden-sets.ts';
import { evaluationOf } from './testing.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.now();
const state: AnsweringState = { installation: 'inst_1', program: '1.0.0', settings: 'a' };

let knowledge: TestKnowledge;
let setId: string;
const read = () => scopeSql(knowledge.ledger.read, WORKSPACE);
const inTransaction = <T>(work: (tx: ReturnType<typeof read>) => Promise<T>): Promise<T> =>
  knowledge.ledger.transaction((tx) => work(scopeSql(tx, WORKSPACE)));

beforeEach(async () => {
  knowledge = await openTestKnowledge();
  await knowledge.createBase('handbook');
  setId = await inTransaction((tx) => createGoldenSet(tx, { name: 'leave' }, NOW));
});
afterEach(() => knowledge[Symbol.asyncDispose]());

async function evaluated(id: string, isBaseline: boolean): Promise<void> {
  const result = evaluationOf(2);
  await inTransaction(async (tx) => {
    await saveEvaluation(tx, {
      id,
      goldenSetId: setId,
      runId: 'run_1',
      occasion: 'manual',
      baselineId: null,
      result,
      comparison: judgeAlone(result),
      createdAt: NOW,
    });
    if (isBaseline) await changeGoldenSet(tx, await requireGoldenSet(tx, setId), { baselineId: id }, NOW);
  });
}

function look(
  change: Partial<AnsweringState> = {},
  options: { isReady?: boolean; everyHours?: number } = {},
) {
  return submitWhatIsDue({
    ledger: knowledge.ledger,
    isOnDuty: () => true,
    isReady: async () => options.isReady ?? true,
    state: async () => ({ ...state, ...change }),
    everyHours: options.everyHours ?? 24,
    judge: false,
    announce: () => undefined,
    onError: (error) => {
      throw error;
    },
  }).then((submitted) => submitted.get('leave'));
}

test('a set without a baseline is left alone', async () => {
  expect(await look()).toBeUndefined();
  expect(await look({ program: '2.0.0' })).toBeUndefined();
});

test.each([
  ['restore', { installation: 'inst_2' }],
  ['upgrade', { program: '2.0.0' }],
  ['settings', { settings: 'b' }],
] as const)('a set with a baseline is asked once after: %s', async (occasion, change) => {
  await evaluated('eval_1', true);
  expect(await look()).toBeUndefined();
  expect(await look(change, { isReady: false })).toBeUndefined();
  expect(await look(change)).toBe(occasion);
  expect(await look(change)).toBeUndefined();
});

test('a new generation of the index is an occasion, and one that is being built is waited for', async () => {
  await evaluated('eval_1', true);
  await look();
  const set = (column: string, value: string | null) =>
    knowledge.ledger.transaction((tx) => tx.run(`UPDATE knowledge_base SET ${column} = :value`, { value }));
  await set('next_generation', '{}');
  await set('generation', '{"id":"new"}');
  expect(await look()).toBeUndefined();
  await set('next_generation', null);
  expect(await look()).toBe('index');
});

test('a day later it is asked by the schedule, unless that is off', async () => {
  await evaluated('eval_1', true);
  await look();
  await knowledge.ledger.transaction(async (tx) => {
    const row = await tx.get<{ seen_state: string }>('SELECT seen_state FROM golden_set');
    const seen = { ...JSON.parse(row?.seen_state ?? ''), askedAt: Date.now() - 25 * HOUR_MS };
    await tx.run('UPDATE golden_set SET seen_state = :seen', { seen: JSON.stringify(seen) });
  });
  expect(await look({}, { everyHours: 0 })).toBeUndefined();
  expect(await look()).toBe('schedule');
});

const question = (id: string) => ({
  id,
  question: `${id}?`,
  category: 'other',
  language: 'zh',
  answer: '',
  facts: [['13天']],
  sources: [],
  any: true,
  style: 'other',
});

test('drafts are never asked before a person approves them, and keep their id in the set', async () => {
  await inTransaction((tx) =>
    putQuestions(tx, setId, [question('q0')], { state: 'draft', origin: 'document', now: NOW }),
  );
  await expect(approvedQuestions(read(), setId)).rejects.toMatchObject({ code: 'golden_set_empty' });
  expect((await canaryQuestions(read(), 'leave')).questions).toEqual([]);
  const [draft] = await listQuestions(read(), setId);
  const reworded = { ...question('other'), question: 'How long?' };
  await inTransaction((tx) =>
    changeQuestion(
      tx,
      setId,
      draft as NonNullable<typeof draft>,
      { question: reworded, state: 'approved' },
      NOW,
    ),
  );
  expect(await approvedQuestions(read(), setId)).toMatchObject([{ id: 'q0', question: 'How long?' }]);
});

test('the health check asks what passed in the baseline', async () => {
  await inTransaction((tx) =>
    putQuestions(tx, setId, [question('q0'), question('q7')], {
      state: 'approved',
      origin: 'import',
      now: NOW,
    }),
  );
  expect((await canaryQuestions(read(), 'leave')).questions).toHaveLength(2);
  await evaluated('eval_1', true);
  expect((await canaryQuestions(read(), 'leave')).questions.map(({ id }) => id)).toEqual(['q0']);
});

test('old results go, the baseline stays however old', async () => {
  for (let number = 0; number < 203; number += 1) {
    await evaluated(`eval_${String(number).padStart(3, '0')}`, number === 0);
  }
  const kept = await listEvaluations(read(), { goldenSetId: setId, limit: 500, after: null });
  expect(kept).toHaveLength(201);
  expect(kept.at(-1)?.id).toBe('eval_000');
  expect(await requireGoldenSet(read(), setId)).toMatchObject({
    lastEvaluationId: 'eval_202',
    lastVerdict: 'inconclusive',
  });
});

test('the same set in another workspace is another one', async () => {
  const other = scopeSql(knowledge.ledger.read, 'ws_other');
  await expect(requireGoldenSet(other, setId)).rejects.toMatchObject({ code: 'golden_set_not_found' });
  expect(compareEvaluations(evaluationOf(2), evaluationOf(2)).verdict).toBe('pass');
});
