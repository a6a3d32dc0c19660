/** The questions of a golden set, in the order of the set. Drafts are there for people, and are never asked. */
import { BudaoError } from '../../contract/errors.ts';
import { GoldenQuestion } from '../../contract/golden.ts';
import { newId } from '../../contract/ids.ts';
import type { ScopedSql } from '../../ledger/scope.ts';
import { MAX_QUESTIONS } from '../golden.ts';

export const QUESTION_STATES = ['approved', 'draft'] as const;
export type QuestionState = (typeof QUESTION_STATES)[number];
/** Where a question came from: a file, a person, a turn of a conversation, the text of a document. */
export const QUESTION_ORIGINS = ['import', 'person', 'conversation', 'document'] as const;
export type QuestionOrigin = (typeof QUESTION_ORIGINS)[number];

export interface StoredQuestion {
  id: string;
  state: QuestionState;
  origin: QuestionOrigin;
  position: number;
  question: GoldenQuestion;
  createdAt: number;
  updatedAt: number;
}

interface QuestionRow {
  id: string;
  state: QuestionState;
  origin: QuestionOrigin;
  position: number;
  body: string;
  created_at: number;
  updated_at: number;
}

const QUESTION = `SELECT id, state, origin, position, body, created_at, updated_at FROM golden_question
  WHERE workspace_id = :workspace AND golden_set_id = :setId`;

export async function listQuestions(
  sql: ScopedSql,
  setId: string,
  {
    state = null,
    after = -1,
    limit = MAX_QUESTIONS,
  }: { state?: QuestionState | null; after?: number; limit?: number } = {},
): Promise<StoredQuestion[]> {
  const rows = await sql.all<QuestionRow>(
    `${QUESTION} AND (:state = '' OR state = :state) AND position > :after ORDER BY position LIMIT :limit`,
    { setId, state: state ?? '', after, limit },
  );
  return rows.map(fromRow);
}

/** What an evaluation asks. @throws BudaoError golden_set_empty */
export async function approvedQuestions(sql: ScopedSql, setId: string): Promise<GoldenQuestion[]> {
  const stored = await listQuestions(sql, setId, { state: 'approved' });
  if (stored.length > 0) return stored.map(({ question }) => question);
  throw new BudaoError(
    'invalid',
    'golden_set_empty',
    'The golden set has no approved question. Import questions, or approve drafts.',
  );
}

/** @throws BudaoError golden_question_not_found */
export async function requireQuestion(sql: ScopedSql, setId: string, id: string): Promise<StoredQuestion> {
  const row = await sql.get<QuestionRow>(`${QUESTION} AND id = :id`, { setId, id });
  if (row !== undefined) return fromRow(row);
  throw new BudaoError('not_found', 'golden_question_not_found', `There is no golden question ${id}.`);
}

/**
 * Adds them at the end; one whose id the set has takes that one's place. Atomic with its transaction: all or none.
 *
 * @returns the ids of their rows, in order
 * @throws BudaoError golden_invalid when the set would grow beyond its limit
 */
export async function putQuestions(
  tx: ScopedSql,
  setId: string,
  questions: readonly GoldenQuestion[],
  { state, origin, now }: { state: QuestionState; origin: QuestionOrigin; now: number },
): Promise<string[]> {
  const last = await tx.get<{ position: number | null; count: number }>(
    `SELECT max(position) AS position, count(*) AS count FROM golden_question
     WHERE workspace_id = :workspace AND golden_set_id = :setId`,
    { setId },
  );
  let position = Number(last?.position ?? 0);
  if (Number(last?.count ?? 0) + questions.length > MAX_QUESTIONS * 2) {
    throw new BudaoError(
      'invalid',
      'golden_invalid',
      `A golden set holds ${MAX_QUESTIONS * 2} questions at most.`,
    );
  }
  const ids: string[] = [];
  for (const question of questions) {
    position += 1;
    const row = await tx.get<{ id: string }>(
      `INSERT INTO golden_question
         (id, workspace_id, golden_set_id, question_key, position, state, origin, body, created_at, updated_at)
       VALUES (:id, :workspace, :setId, :key, :position, :state, :origin, :body, :now, :now)
       ON CONFLICT (golden_set_id, question_key) DO UPDATE
         SET body = :body, state = :state, origin = :origin, updated_at = :now
         WHERE golden_question.workspace_id = :workspace
       RETURNING id`,
      {
        id: newId('goldenQuestion'),
        setId,
        key: question.id,
        position,
        state,
        origin,
        body: JSON.stringify(question),
        now,
      },
    );
    if (row !== undefined) ids.push(row.id);
  }
  await touch(tx, setId, now);
  return ids;
}

export async function clearQuestions(tx: ScopedSql, setId: string): Promise<void> {
  await tx.run('DELETE FROM golden_question WHERE workspace_id = :workspace AND golden_set_id = :setId', {
    setId,
  });
}

/** The question keeps its place and its id in the set. */
export async function changeQuestion(
  tx: ScopedSql,
  setId: string,
  stored: StoredQuestion,
  change: { question?: GoldenQuestion | undefined; state?: QuestionState | undefined },
  now: number,
): Promise<void> {
  const question = { ...(change.question ?? stored.question), id: stored.question.id };
  await tx.run(
    `UPDATE golden_question SET body = :body, state = :state, updated_at = :now
     WHERE workspace_id = :workspace AND id = :id`,
    { id: stored.id, body: JSON.stringify(question), state: change.state ?? stored.state, now },
  );
  await touch(tx, setId, now);
}

export async function deleteQuestion(tx: ScopedSql, setId: string, id: string, now: number): Promise<void> {
  await tx.run('DELETE FROM golden_question WHERE workspace_id = :workspace AND id = :id', { id });
  await touch(tx, setId, now);
}

/** An id that the set does not have yet. */
export function freshQuestionKey(prefix: string): string {
  return `${prefix}-${newId('goldenQuestion').slice(3)}`;
}

async function touch(tx: ScopedSql, setId: string, now: number): Promise<void> {
  await tx.run('UPDATE golden_set SET updated_at = :now WHERE workspace_id = :workspace AND id = :setId', {
    setId,
    now,
  });
}

function fromRow(row: QuestionRow): StoredQuestion {
  return {
    id: row.id,
    state: row.state,
    origin: row.origin,
    position: row.position,
    question: GoldenQuestion.parse(JSON.parse(row.body)),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
