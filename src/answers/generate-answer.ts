import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerInput, AnswerResult } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { RunInterruption } from '../runs/interruption.ts';
import type { RunContext } from '../runs/run.ts';
import type { AnswerProgress, Searched } from './answer-handler.ts';
import { announce, modeOfModel } from './declared-mode.ts';
import { lesser } from './modes.ts';
import type { ChatMessage, GenerationPart, GeneratorChoice, Passage } from './ports.ts';
import { buildPrompt } from './prompt/build-prompt.ts';

/** Tries again after text has been shown: falling back to something else would break the sentence. */
const RETRY_DELAYS_MS = [300, 1_000, 3_000];

/** An answer without its text, which grew in the progress. */
export type Generated = Omit<AnswerResult, 'text' | 'reasoning' | 'citations'>;

export interface GenerateRequest {
  context: RunContext<AnswerInput>;
  progress: AnswerProgress;
  history: readonly ChatMessage[];
  searched: Searched;
  passages: readonly Passage[];
  choice: GeneratorChoice;
  settings: { maxOutputTokens: number };
  /** The workspace does not allow another model than the preferred one. */
  onlyPreferred: boolean;
}

/** Streams a model's text into the run, after what was shown already. @throws BudaoError when no endpoint can */
export async function generateAnswer(request: GenerateRequest): Promise<Generated> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await stream(request);
    } catch (error) {
      const delayMs = RETRY_DELAYS_MS[attempt];
      const canRetry =
        error instanceof BudaoError && !(error instanceof RunInterruption) && delayMs !== undefined;
      if (!canRetry || request.progress.text === '' || request.context.signal.aborted) throw error;
      await sleep(delayMs, undefined, { signal: request.context.signal });
    }
  }
}

async function stream({
  context,
  progress,
  history,
  searched,
  passages,
  choice,
  settings,
  onlyPreferred,
}: GenerateRequest): Promise<Generated> {
  const { input, signal } = context;
  const maxOutputTokens = input.maxOutputTokens ?? settings.maxOutputTokens;
  const prompt = buildPrompt({
    question: input.question,
    history,
    passages,
    language: /\p{Script=Han}/u.test(input.question) ? 'zh' : 'en',
    ...(input.instructions === null ? {} : { instructions: input.instructions }),
    budgetTokens: Math.max(256, choice.contextTokens - maxOutputTokens),
  });
  const endpoint = { name: choice.name, index: 0 };
  const seen = prompt.passages.length < passages.length ? prompt.passages.length : null;
  const ends: Extract<GenerationPart, { type: 'end' }>[] = [];
  await choice.generate(
    {
      messages: prompt.messages,
      prefix: progress.text,
      maxOutputTokens,
      temperature: input.temperature,
      topP: input.topP,
      signal,
    },
    (part) => {
      announce(context, progress, modeOfModel(searched, endpoint.index), seen);
      if (part.type === 'end') ends.push(part);
      else if (part.type === 'text') show(context, 'answer.delta', progress, 'text', part.text);
      else show(context, 'answer.reasoning', progress, 'reasoning', part.text);
    },
    (name, index) => Object.assign(endpoint, { name, index }),
    { onlyPreferred },
  );
  signal.throwIfAborted();
  const end = ends[0] ?? null;
  const incomplete = end?.departed === true ? 'interrupted' : INCOMPLETE_REASONS[end?.reason ?? 'stop'];
  return {
    status: incomplete === null ? 'completed' : 'incomplete',
    incompleteReason: incomplete,
    ...lesser(progress.mode, modeOfModel(searched, endpoint.index)),
    endpoint: endpoint.name,
    declined: false,
    usage: end?.usage ?? null,
  };
}

const INCOMPLETE_REASONS = {
  stop: null,
  length: 'max_output_tokens',
  content_filter: 'content_filter',
} as const;

function show(
  context: RunContext,
  type: 'answer.delta' | 'answer.reasoning',
  progress: AnswerProgress,
  field: 'text' | 'reasoning',
  text: string,
): void {
  progress[field] += text;
  context.stream(type, text);
}
