/** The run kind `draft-questions`: reads documents through the front door and leaves drafts for a person to approve. */
import { BudaoError } from '../../contract/errors.ts';
import type { GoldenQuestion } from '../../contract/golden.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { RunInterruption } from '../../runs/interruption.ts';
import type { Run, RunContext, RunHandler } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import type { EvaluationSite } from '../evaluate-handler.ts';
import { freshQuestionKey, listQuestions, putQuestions } from '../sets/golden-questions.ts';
import { requireGoldenSet } from '../sets/golden-sets.ts';
import { EvaluationFailure } from '../target.ts';
import { openBudaoTarget } from '../targets/budao-target.ts';
import { HttpClient } from '../targets/http-client.ts';
import { draftPrompt, readDraft } from './by-model.ts';
import { type DraftPassage, questionsFromPassage } from './from-passage.ts';

export const DRAFT_RUN = 'draft-questions';
export const MAX_DRAFTS = 200;

const TIMEOUT_MS = 60 * 60_000;
const CHUNKS_PER_PAGE = 200;
/** Enough of one document: the others have questions too. */
const CHUNKS_PER_DOCUMENT = 400;

export interface DraftInput {
  goldenSetId: string;
  /** Null takes those of the set, or the default one. */
  knowledgeBaseIds: string[] | null;
  count: number;
  /** False drafts from the text alone, also where a model is configured. */
  useModel: boolean;
}

type Draft = Omit<GoldenQuestion, 'id'>;

export async function submitDrafting(
  tx: Sql,
  workspaceId: string,
  input: DraftInput,
  now: number,
): Promise<Run> {
  const request = {
    kind: DRAFT_RUN,
    workspaceId,
    subjectId: input.goldenSetId,
    input,
    priority: -10,
    timeoutMs: TIMEOUT_MS,
  };
  const { run } = await submitRun(tx, request, now);
  return run;
}

export function createDraftHandler(ledger: Ledger, site: EvaluationSite): RunHandler<DraftInput> {
  return {
    kind: DRAFT_RUN,
    concurrency: 1,
    async handle(context) {
      try {
        return { status: 'completed', result: { drafts: await draft(ledger, site, context) } };
      } catch (error) {
        if (context.signal.reason instanceof RunInterruption) throw context.signal.reason;
        if (!(error instanceof EvaluationFailure)) throw error;
        throw new BudaoError('invalid', 'evaluation_failed', error.message, { cause: error });
      }
    },
  };
}

/** @returns how many were added */
async function draft(ledger: Ledger, site: EvaluationSite, context: RunContext<DraftInput>): Promise<number> {
  const { input, run, signal } = context;
  const own = scopeSql(ledger.read, run.workspaceId);
  const set = await requireGoldenSet(own, input.goldenSetId);
  const known = new Set((await listQuestions(own, set.id)).map(({ question }) => question.question));
  await using door = await site.openFrontDoor(run.workspaceId);
  const bases = input.knowledgeBaseIds ?? set.knowledgeBaseIds ?? [];
  const target = await openBudaoTarget({ ...door, knowledgeBases: bases });
  const client = new HttpClient(door);
  const byDocument: DraftPassage[][] = [];
  for (const id of target.allowedKnowledgeBaseIds ?? [])
    byDocument.push(...(await documentsOf(client, id, signal)));
  const askModel = input.useModel ? site.askModel() : null;
  const drafts: Draft[] = [];
  for (const passage of inTurns(byDocument)) {
    if (drafts.length >= input.count) break;
    signal.throwIfAborted();
    const made = askModel === null ? null : await byModel(askModel, passage, signal);
    const fresh = (made === null ? questionsFromPassage(passage) : [made]).find(
      ({ question }) => !known.has(question),
    );
    if (fresh === undefined) continue;
    known.add(fresh.question);
    drafts.push(fresh);
  }
  const now = ledgerTime();
  await context.transaction(async (tx) => {
    const keyed = drafts.map((one) => ({ ...one, id: freshQuestionKey('draft') }));
    await putQuestions(scopeSql(tx, run.workspaceId), set.id, keyed, {
      state: 'draft',
      origin: 'document',
      now,
    });
  });
  return drafts.length;
}

async function byModel(
  ask: NonNullable<ReturnType<EvaluationSite['askModel']>>,
  passage: DraftPassage,
  signal: AbortSignal,
): Promise<Draft | null> {
  const reply = await ask(draftPrompt(passage), signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return '';
  });
  return readDraft(reply, passage);
}

async function documentsOf(
  client: HttpClient,
  baseId: string,
  signal: AbortSignal,
): Promise<DraftPassage[][]> {
  const base = `/v1/vector_stores/${encodeURIComponent(baseId)}/files`;
  const files = await pages<{ id: string; filename: string; status: string }>(
    client,
    base,
    100,
    1_000,
    signal,
  );
  const documents: DraftPassage[][] = [];
  for (const { id, filename, status } of files) {
    if (status !== 'completed') continue;
    const path = `${base}/${encodeURIComponent(id)}/chunks`;
    const chunks = await pages<{ id: string; text: string; article: string | null }>(
      client,
      path,
      CHUNKS_PER_PAGE,
      CHUNKS_PER_DOCUMENT,
      signal,
    );
    documents.push(chunks.map(({ text, article }) => ({ document: filename, text, article })));
  }
  return documents;
}

async function pages<Item extends { id: string }>(
  client: HttpClient,
  path: string,
  limit: number,
  most: number,
  signal: AbortSignal,
): Promise<Item[]> {
  const all: Item[] = [];
  while (all.length < most) {
    const after = all.at(-1)?.id;
    const query = `?limit=${limit}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`;
    const page = await client.json<{ data: Item[]; has_more: boolean }>('GET', path + query, null, signal);
    all.push(...page.data);
    if (!page.has_more || page.data.length === 0) break;
  }
  return all;
}

/** One of each document, then the next of each: drafts come from all of them. */
function* inTurns<Item>(lists: readonly (readonly Item[])[]): Generator<Item> {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let at = 0; at < longest; at += 1) {
    for (const list of lists) {
      const item = list[at];
      if (item !== undefined) yield item;
    }
  }
}
