import type { z } from 'zod';
import type { Comparison } from '../../../src/contract/evaluation.ts';
import type { GoldenQuestion } from '../../../src/contract/golden.ts';
import type {
  EvaluationReply,
  GoldenQuestionReply,
  GoldenSetReply,
  WholeEvaluationReply,
} from '../../../src/contract/replies/evaluation.ts';
import { request, send } from './client.ts';
import type { ApiFailure, List } from './types.ts';

export type { Comparison, GoldenQuestion };
export type GoldenSet = z.infer<typeof GoldenSetReply>;
export type StoredQuestion = z.infer<typeof GoldenQuestionReply>;
export type Evaluation = z.infer<typeof EvaluationReply>;
export type WholeEvaluation = z.infer<typeof WholeEvaluationReply>;
export interface EvaluationRun {
  status: 'queued' | 'running' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  failure: ApiFailure | null;
}

const SETS = '/ops/golden-sets';
const setPath = (id: string): string => `${SETS}/${encodeURIComponent(id)}`;
const questionPath = (set: string, id: string): string =>
  `${setPath(set)}/questions/${encodeURIComponent(id)}`;

export async function listGoldenSets(signal?: AbortSignal): Promise<GoldenSet[]> {
  return (await request<List<GoldenSet>>(SETS, { signal })).data;
}

export function createGoldenSet(name: string, knowledgeBaseIds: string[]): Promise<GoldenSet> {
  return request(SETS, { method: 'POST', body: { name, knowledge_base_ids: knowledgeBaseIds } });
}

export function deleteGoldenSet(id: string): Promise<void> {
  return request(setPath(id), { method: 'DELETE' });
}

export function setBaseline(id: string, evaluationId: string): Promise<GoldenSet> {
  return request(setPath(id), { method: 'PATCH', body: { baseline_id: evaluationId } });
}

export function importQuestions(id: string, questions: string): Promise<{ imported: number }> {
  return request(`${setPath(id)}/import`, { method: 'POST', body: { questions } });
}

export async function exportQuestions(id: string): Promise<Blob> {
  return (await send(`${setPath(id)}/export`)).blob();
}

export async function listQuestions(id: string, signal?: AbortSignal): Promise<StoredQuestion[]> {
  const query = { limit: 1_000 };
  return (await request<{ data: StoredQuestion[] }>(`${setPath(id)}/questions`, { query, signal })).data;
}

export function addQuestion(id: string, question: Omit<GoldenQuestion, 'id'>): Promise<StoredQuestion> {
  return request(`${setPath(id)}/questions`, { method: 'POST', body: { question } });
}

export function changeQuestion(
  set: string,
  id: string,
  change: { question?: GoldenQuestion; state?: 'approved' | 'draft' },
): Promise<StoredQuestion> {
  return request(questionPath(set, id), { method: 'PATCH', body: change });
}

export function deleteQuestion(set: string, id: string): Promise<void> {
  return request(questionPath(set, id), { method: 'DELETE' });
}

export function questionFromAnswer(set: string, responseId: string): Promise<StoredQuestion> {
  return request(`${setPath(set)}/questions/from-response`, {
    method: 'POST',
    body: { response_id: responseId },
  });
}

export function draftQuestions(id: string): Promise<{ run_id: string }> {
  return request(`${setPath(id)}/drafts`, { method: 'POST', body: {} });
}

export function startEvaluation(set: string, judge: boolean): Promise<{ id: string; run_id: string }> {
  return request('/ops/evaluations', { method: 'POST', body: { golden_set: set, judge } });
}

export async function listEvaluations(set: string, signal?: AbortSignal): Promise<Evaluation[]> {
  const query = { golden_set: set, limit: 100 };
  return (await request<List<Evaluation>>('/ops/evaluations', { query, signal })).data;
}

export function readEvaluation(id: string, signal?: AbortSignal): Promise<WholeEvaluation> {
  return request(`/ops/evaluations/${encodeURIComponent(id)}`, { signal });
}

export function compareEvaluations(before: string, after: string): Promise<Comparison> {
  return request('/ops/evaluations/compare', { method: 'POST', body: { before, after } });
}

export function readRun(id: string): Promise<EvaluationRun> {
  return request(`/ops/runs/${encodeURIComponent(id)}`);
}
