import { finishedAnswer } from '../../answers/find-answer.ts';
import type { AnswerCitation, AnswerEvents, AnswerInput, AnswerResult } from '../../contract/answer.ts';
import type { Run, RunEvent, RunFailure } from '../../runs/run.ts';
import { openAiError } from '../foundation/error-reply.ts';
import { fileCitation } from '../responses/response-object.ts';
import { errorFrame, type Projection, type StreamBreak } from '../streaming/projection.ts';

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: [
    {
      index: 0;
      message: {
        role: 'assistant';
        content: string;
        refusal: null;
        reasoning_content?: string;
        annotations: object[];
      };
      finish_reason: FinishReason;
      logprobs: null;
    },
  ];
  usage: ChatUsage;
  service_tier: 'default';
  system_fingerprint: string;
  metadata: Record<string, string>;
  budao: object;
}

interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  completion_tokens_details: { reasoning_tokens: number };
  prompt_tokens_details: { cached_tokens: number };
}

type FinishReason = 'stop' | 'length' | 'content_filter';

/** Projects an answer's log to Chat Completions: chunks for a stream, or the whole completion. */
export class ChatProjection implements Projection {
  readonly #input: AnswerInput;
  readonly #includeUsage: boolean;
  /** Everything of a chunk up to its delta. */
  readonly #head: string;
  readonly #base: { id: string; created: number; model: string };
  #text = '';
  #reasoning = '';
  #result: AnswerResult | null = null;
  #failure: RunFailure | null = null;
  #isDone = false;

  constructor(run: { id: string; createdAt: number; input: unknown }, includeUsage: boolean) {
    this.#input = run.input as AnswerInput;
    this.#includeUsage = includeUsage;
    this.#base = { id: run.id, created: Math.floor(run.createdAt / 1000), model: this.#input.model };
    const { id, created, model } = this.#base;
    this.#head =
      `data: {"id":"${id}","object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},` +
      `"service_tier":"default","system_fingerprint":"budao"${includeUsage ? ',"usage":null' : ''},` +
      `"choices":[{"index":0,"logprobs":null,"delta":{`;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Why there is no whole answer, or null. */
  get failure(): RunFailure | null {
    return this.#failure;
  }

  /** This surface has no place to go on from: the question is asked again, and its answer is at /v1/responses. */
  breakOff({ code, message }: StreamBreak): string {
    const text = `${message} The whole answer will be at GET /v1/responses/${this.#base.id}`;
    return errorFrame(openAiError({ status: 503, code, message: text, param: null }));
  }

  open(frames: string[]): void {
    frames.push(`${this.#head}"role":"assistant","content":"","refusal":null},"finish_reason":null}]}\n\n`);
  }

  push(event: RunEvent, frames: string[]): void {
    if (this.#isDone) return;
    switch (event.type) {
      case 'answer.delta':
        this.#addText(frames, (event.payload as AnswerEvents['answer.delta']).text);
        return;
      case 'answer.reasoning': {
        const { text } = event.payload as AnswerEvents['answer.reasoning'];
        this.#reasoning += text;
        frames.push(`${this.#head}"reasoning_content":${JSON.stringify(text)}},"finish_reason":null}]}\n\n`);
        return;
      }
      case 'answer.finished':
        this.#finish(frames, event.payload as AnswerResult);
        return;
      case 'run.failed':
        this.#fail(frames, event.payload as RunFailure);
        return;
      case 'run.cancelled':
        this.#fail(frames, CANCELLED);
        return;
      default:
    }
  }

  close(run: Run, frames: string[]): void {
    if (this.#isDone) return;
    const result = finishedAnswer(run);
    if (result !== null) this.#finish(frames, result);
    else if (run.status === 'cancelled') this.#fail(frames, CANCELLED);
    else
      this.#fail(
        frames,
        run.failure ?? { code: 'answer_missing', message: 'The run ended without an answer.' },
      );
  }

  /** The whole completion. Only after it is done without a failure. */
  completion(): ChatCompletion {
    const result = this.#result;
    if (result === null) throw new Error('the answer is not finished');
    return {
      ...this.#base,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: this.#text,
            refusal: null,
            ...(this.#reasoning === '' ? {} : { reasoning_content: this.#reasoning }),
            annotations: result.citations.map(urlCitation),
          },
          finish_reason: finishReason(result),
          logprobs: null,
        },
      ],
      usage: chatUsage(result),
      service_tier: 'default',
      system_fingerprint: 'budao',
      metadata: this.#input.metadata,
      budao: budaoFields(result),
    };
  }

  #addText(frames: string[], text: string): void {
    if (text === '') return;
    this.#text += text;
    frames.push(`${this.#head}"content":${JSON.stringify(text)}},"finish_reason":null}]}\n\n`);
  }

  #finish(frames: string[], result: AnswerResult): void {
    if (result.text.startsWith(this.#text)) this.#addText(frames, result.text.slice(this.#text.length));
    this.#result = result;
    const annotations =
      result.citations.length === 0
        ? ''
        : `"annotations":${JSON.stringify(result.citations.map(urlCitation))}`;
    const ending = `"finish_reason":"${finishReason(result)}"}],"budao":${JSON.stringify(budaoFields(result))}`;
    frames.push(`${this.#head}${annotations}},${ending}}\n\n`);
    if (this.#includeUsage) frames.push(this.#usageChunk(result));
    this.#isDone = true;
  }

  #usageChunk(result: AnswerResult): string {
    const chunk = {
      ...this.#base,
      object: 'chat.completion.chunk',
      service_tier: 'default',
      system_fingerprint: 'budao',
      choices: [],
      usage: chatUsage(result),
    };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  }

  #fail(frames: string[], failure: RunFailure): void {
    this.#failure = failure;
    const error = openAiError({ status: 500, param: null, code: failure.code, message: failure.message });
    frames.push(`data: ${JSON.stringify(error)}\n\n`);
    this.#isDone = true;
  }
}

const CANCELLED: RunFailure = {
  code: 'cancelled',
  message: 'The answer was stopped before it was complete.',
};

function finishReason(result: AnswerResult): FinishReason {
  if (result.incompleteReason === 'content_filter') return 'content_filter';
  return result.status === 'incomplete' ? 'length' : 'stop';
}

/** Citations as they are, beside the annotations, whose only form in this API is that of a link. */
function budaoFields(result: AnswerResult): object {
  return {
    mode: result.mode,
    mode_reason: result.modeReason,
    mode_reason_code: result.modeReasonCode,
    endpoint: result.endpoint,
    declined: result.declined,
    citations: result.citations.map(fileCitation),
  };
}

function urlCitation(citation: AnswerCitation): object {
  return {
    type: 'url_citation',
    url_citation: {
      start_index: citation.index,
      end_index: citation.endIndex,
      title: citation.filename,
      url: `/v1/files/${citation.documentId}/content`,
    },
  };
}

function chatUsage(result: AnswerResult): ChatUsage {
  const inputTokens = result.usage?.inputTokens ?? 0;
  const outputTokens = result.usage?.outputTokens ?? 0;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    completion_tokens_details: { reasoning_tokens: result.usage?.reasoningTokens ?? 0 },
    prompt_tokens_details: { cached_tokens: 0 },
  };
}
