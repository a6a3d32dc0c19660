import {
  ANSWER_RUN,
  type AnswerInput,
  type AnswerPassage,
  type AnswerResult,
  type DeclaredMode,
  type DegradedSearch,
  EXTRACTIVE_MODEL,
  type LesserMode,
} from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { parseAttributeFilter } from '../knowledge/retrieve/attribute-filter.ts';
import type { Retriever } from '../knowledge/retrieve/retrieve.ts';
import { dayAt } from '../knowledge/retrieve/standing.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RunInterruption } from '../runs/interruption.ts';
import type { RunContext, RunHandler, RunOutcome } from '../runs/run.ts';
import { readAllowedModes } from './allowed-modes.ts';
import { answerCitations } from './answer-citations.ts';
import { renderExtractive } from './citations.ts';
import { condenseQuestion } from './condense.ts';
import { announce, announcedBefore, declare, MODEL_CHANGED, modelFailure } from './declared-mode.ts';
import { deferAnswer } from './defer-answer.ts';
import { extractAnswer } from './extractive/extract-answer.ts';
import { type Generated, generateAnswer } from './generate-answer.ts';
import { loadHistory } from './history.ts';
import { decideMode, type ModeReason, type ModeSignals, withoutModels } from './modes.ts';
import { fromAnswerPassage, toAnswerPassage } from './passages.ts';
import type { ChatMessage, GeneratorChoice, Passage } from './ports.ts';

const DEFERRED_TIMEOUT_MS = 24 * 3_600_000;

export interface AnswerDependencies {
  ledger: Ledger;
  retriever: Retriever;
  /** Generators for a model's name, best first; null for the extractive answerer alone. */
  generatorsFor(model: string): GeneratorChoice | null;
  settings: {
    passages: number;
    maxOutputTokens: number;
    /** How long a question may wait for what it needs, from its submission on. */
    deferredTimeoutMs?: number;
  };
}

/** What was found for a question, read back from the log after a takeover. */
export interface Searched {
  query: string;
  passages: AnswerPassage[];
  knowledgeBaseIds: string[];
  degraded: DegradedSearch | null;
}

/** Answers one question: condense, retrieve, generate, cite. Goes on in mid-sentence for whoever takes over. */
export function createAnswerHandler(dependencies: AnswerDependencies): RunHandler<AnswerInput> {
  return {
    kind: ANSWER_RUN,
    concurrency: 500,
    async handle(context) {
      const finished = context.history.find((event) => event.type === 'answer.finished');
      if (finished !== undefined) return outcomeOf(finished.payload as AnswerResult);
      const progress = {
        text: shownBefore(context, 'answer.delta'),
        reasoning: shownBefore(context, 'answer.reasoning'),
        ...announcedBefore(context),
      };
      try {
        return await answer(dependencies, context, progress);
      } catch (error) {
        return cancelledWithText(context, progress, error);
      }
    },
  };
}

/** What the reader has seen so far; grows while the answer is written. */
export interface AnswerProgress {
  text: string;
  reasoning: string;
  /** Null until something is about to be shown. */
  mode: DeclaredMode | null;
  /** How many of the passages the writers have seen, or null for all: no other can be a source. */
  seenPassages: number | null;
}

async function answer(
  dependencies: AnswerDependencies,
  context: RunContext<AnswerInput>,
  progress: AnswerProgress,
): Promise<RunOutcome> {
  const { input } = context;
  const { ledger, settings } = dependencies;
  const { deferredTimeoutMs = DEFERRED_TIMEOUT_MS } = settings;
  const allowed = await readAllowedModes(ledger.read, context.run.workspaceId);
  const choice = dependencies.generatorsFor(input.model);
  const signals = (search: DegradedSearch | null): ModeSignals => ({
    endpoints: input.model === EXTRACTIVE_MODEL ? null : (choice?.endpoints() ?? []),
    search,
  });
  // What has to wait anyway searches for nothing; what was begun is never put off.
  const outlook = decideMode(signals(null), allowed);
  if (outlook.writer === 'nobody' && progress.text === '')
    return deferAnswer(context, outlook, deferredTimeoutMs);

  const history = await loadHistory(ledger, context.run);
  const searched = await search(dependencies, context, history);
  const passages = searched.passages.map(fromAnswerPassage);
  const request = { context, progress, history, searched, passages };
  let decision = decideMode(signals(searched.degraded), allowed);
  const isBegun = progress.text !== '';
  const byModel = isBegun ? progress.mode?.mode !== 'extractive' : decision.writer.endsWith('-model');
  let generated: Generated | null = null;
  if (choice !== null && byModel) {
    assertDocumentsWhereDue(searched, allowed);
    const onlyPreferred = !allowed.has('fallback-model');
    try {
      generated = await generateAnswer({ ...request, choice, settings, onlyPreferred });
    } catch (error) {
      const reason = reasonToGoOn(context, error);
      if (progress.text !== '') generated = interrupted(progress, reason);
      else decision = decideMode(withoutModels(signals(searched.degraded), reason), allowed);
      // The same question would be refused again.
      if (decision.writer === 'nobody' && reason.code === 'model_refused') throw error;
    }
  }
  if (generated === null) {
    if (decision.writer === 'nobody' && !isBegun) return deferAnswer(context, decision, deferredTimeoutMs);
    generated = await extract(context, progress, searched, passages, decision.reason);
  }
  const result: AnswerResult = {
    ...generated,
    text: progress.text,
    reasoning: progress.reasoning,
    citations: answerCitations(progress.text, passages.slice(0, progress.seenPassages ?? undefined)),
  };
  void context.emit('answer.finished', result).catch(() => {});
  return outcomeOf(result);
}

/** @throws BudaoError mode_not_allowed */
function assertDocumentsWhereDue(searched: Searched, allowed: ReadonlySet<LesserMode>): void {
  if (allowed.has('no-knowledge') || searched.knowledgeBaseIds.length > 0) return;
  throw new BudaoError(
    'forbidden',
    'mode_not_allowed',
    'This workspace answers from its documents only, and the question names none. Choose a knowledge base.',
  );
}

/** Journaled by its own event: a takeover continues with the very passages that the text so far was written from. */
async function search(
  { retriever, settings }: AnswerDependencies,
  context: RunContext<AnswerInput>,
  history: readonly ChatMessage[],
): Promise<Searched> {
  // What was found before a wait may be out of date after it.
  const putOffAt = context.run.deferral?.at ?? 0;
  const done = context.history.findLast(
    ({ type, createdAt }) => type === 'answer.searched' && createdAt > putOffAt,
  );
  if (done !== undefined) return done.payload as Searched;
  const { input, run, signal } = context;
  const query = condenseQuestion(history, input.question);
  const retrieved = await retriever
    .retrieve(
      run.workspaceId,
      {
        query,
        knowledgeBaseIds: input.knowledgeBaseIds,
        filter: input.filters === null ? null : parseAttributeFilter(input.filters),
        limit: input.maxNumResults ?? settings.passages,
        scoreThreshold: input.scoreThreshold ?? 0,
      },
      signal,
    )
    .catch((error: unknown) => withoutKnowledge(error, signal));
  const today = dayAt(ledgerTime());
  const searched: Searched = {
    query,
    passages: retrieved.hits.map((hit, position) => toAnswerPassage(hit, position + 1, today)),
    knowledgeBaseIds: retrieved.knowledgeBaseIds,
    degraded: retrieved.degraded,
  };
  // Not awaited: it becomes durable before, or together with, the first text, and nothing is shown earlier.
  void context.emit('answer.searched', searched, { lazy: true }).catch(() => {});
  return searched;
}

type Found = Pick<Searched, 'knowledgeBaseIds' | 'degraded'> & {
  hits: Awaited<ReturnType<Retriever['retrieve']>>['hits'];
};

/** The index is away: the answer says so instead of failing. A wrong knowledge base or filter stays an error. */
function withoutKnowledge(error: unknown, signal: AbortSignal): Found {
  if (!(error instanceof BudaoError) || error.kind !== 'unavailable' || signal.aborted) throw error;
  const degraded: DegradedSearch = { mode: 'no-knowledge', reason: error.message, code: 'index_away' };
  return { hits: [], knowledgeBaseIds: [], degraded };
}

/** Why the models failed, where something else can be done about it. @throws what is no failure of theirs */
function reasonToGoOn(context: RunContext<AnswerInput>, error: unknown): ModeReason {
  context.signal.throwIfAborted();
  if (!(error instanceof BudaoError) || error instanceof RunInterruption) throw error;
  return modelFailure(error);
}

async function extract(
  context: RunContext<AnswerInput>,
  progress: AnswerProgress,
  searched: Searched,
  passages: readonly Passage[],
  reason: ModeReason | null,
): Promise<Generated> {
  const extracted = extractAnswer(searched.query, passages);
  const whole = renderExtractive(extracted);
  // What a model, or another version of this program, has begun is not continued in the middle of other words.
  if (!whole.join('').startsWith(progress.text)) return interrupted(progress, MODEL_CHANGED);
  const before = progress.mode?.mode === 'extractive' ? progress.mode : null;
  const declared = before ?? declare('extractive', reason);
  announce(context, progress, declared);
  // Deterministic: after a takeover the same pieces come out, and those that were shown are passed over.
  let position = 0;
  for (const piece of whole) {
    context.signal.throwIfAborted();
    const unseen = piece.slice(Math.max(0, progress.text.length - position));
    position += piece.length;
    if (unseen === '') continue;
    progress.text += unseen;
    await context.emit('answer.delta', { text: unseen });
  }
  return {
    status: 'completed',
    incompleteReason: null,
    ...declared,
    endpoint: null,
    declined: extracted.declined,
    usage: null,
  };
}

/** What was shown stays, and is all there will be. */
function interrupted({ mode }: AnswerProgress, reason: ModeReason): Generated {
  return {
    status: 'incomplete',
    incompleteReason: 'interrupted',
    ...declare(mode?.mode ?? 'full', reason),
    endpoint: null,
    declined: false,
    usage: null,
  };
}

/** A stopped answer keeps what was shown of it. */
async function cancelledWithText(
  context: RunContext<AnswerInput>,
  progress: AnswerProgress,
  error: unknown,
): Promise<RunOutcome> {
  const reason: unknown = context.signal.reason;
  const cancelled =
    context.signal.aborted && reason instanceof RunInterruption && reason.reason === 'cancelled';
  if (!cancelled) throw error;
  return { status: 'cancelled', result: { text: progress.text, reasoning: progress.reasoning } };
}

function outcomeOf(result: AnswerResult): RunOutcome {
  return { status: result.status, result };
}

function shownBefore(context: RunContext, type: string): string {
  return context.history
    .filter((event) => event.type === type)
    .map((event) => (event.payload as { text: string }).text)
    .join('');
}
