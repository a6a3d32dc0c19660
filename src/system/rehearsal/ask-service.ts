/** Asks a running service its golden questions through the front door, one after another. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import type { GoldenQuestion } from '../../evaluation/golden.ts';
import { isAnswerable } from '../../evaluation/golden.ts';
import { factRecall } from '../../evaluation/scoring.ts';
import { CANARY_MARK } from '../../health/canary/canary-mark.ts';

const RESULTS = 10;
const SEARCH_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 180_000;
/** Works without any model, and gives the same answer every time. */
const EXTRACTIVE = 'extractive';

export interface Door {
  url: string;
  apiKey: string;
  baseId: string;
}

const Found = z.looseObject({
  data: z.array(
    z.looseObject({
      file_id: z.string(),
      filename: z.string(),
      score: z.number(),
      content: z.array(z.looseObject({ text: z.string() })),
    }),
  ),
});

const Answered = z.looseObject({
  status: z.string(),
  output: z.array(
    z.looseObject({ content: z.array(z.looseObject({ text: z.string().optional() })).optional() }),
  ),
});

export interface Findings {
  id: string;
  /** Of everything that was found, in order, to the last digit of the score. */
  hash: string;
  documents: string[];
}

export async function search(door: Door, question: GoldenQuestion, signal: AbortSignal): Promise<Findings> {
  const path = `/v1/vector_stores/${door.baseId}/search`;
  const body = { query: question.question, max_num_results: RESULTS };
  const { data } = Found.parse(await post(door, path, body, signal, SEARCH_TIMEOUT_MS));
  const told = data.map(({ file_id, score, content }) => [file_id, score, content.map(({ text }) => text)]);
  const hash = createHash('sha256').update(JSON.stringify(told)).digest('hex');
  return { id: question.id, hash, documents: data.map(({ filename }) => filename) };
}

/** @returns the share of the facts in the answer; null for a question that has none, once it was answered */
export async function ask(
  door: Door,
  question: GoldenQuestion,
  { signal, withModels }: { signal: AbortSignal; withModels: boolean },
): Promise<number | null> {
  const body = {
    input: [...(question.history ?? []), { role: 'user', content: question.question }],
    ...(withModels ? {} : { model: EXTRACTIVE }),
    store: false,
    metadata: { [CANARY_MARK]: 'true' },
    tools: [{ type: 'file_search', vector_store_ids: [door.baseId] }],
  };
  const answered = Answered.parse(await post(door, '/v1/responses', body, signal, ANSWER_TIMEOUT_MS));
  if (answered.status !== 'completed') return isAnswerable(question) ? 0 : null;
  if (question.facts.length === 0) return null;
  const text = answered.output.flatMap((item) => (item.content ?? []).map((part) => part.text ?? ''));
  return factRecall(question, text.join('\n'));
}

async function post(
  { url, apiKey }: Door,
  path: string,
  body: object,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<unknown> {
  const response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new BudaoError(
    'unavailable',
    'answering_unavailable',
    `${path} was answered with status ${response.status}: ${text.slice(0, 300)}`,
  );
}
