// Reads the events of a chat completion into pieces of text and of reasoning, merged as far as their order allows.

import type { GenerationPart } from '../answers/ports.ts';
import { GenerationError } from './generation-error.ts';
import { createThinkSplitter } from './think-splitter.ts';
import { errorInStream, type UpstreamIdentity } from './upstream-errors.ts';

export type EndReason = Extract<GenerationPart, { type: 'end' }>['reason'];
export type Usage = Extract<GenerationPart, { type: 'end' }>['usage'];
export type Piece = { type: 'text' | 'reasoning'; text: string };

interface Delta {
  content?: string | { type?: string; text?: string; thinking?: string | { text?: string }[] }[] | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
}

interface ChatChunk {
  error?: unknown;
  object?: string;
  choices?: { delta?: Delta; message?: Delta; finish_reason?: string | null }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
}

export interface ChatStream {
  /** Takes the data of one event. @throws GenerationError */
  accept(payload: string): void;
  /** The pieces since the last call; neighbours of one type are one piece. */
  take(): Piece[];
  /** What was held back, once the stream has ended. */
  finish(): Piece[];
  /** True after `[DONE]`. */
  readonly done: boolean;
  readonly endReason: EndReason | null;
  readonly usage: Usage;
  readonly events: number;
}

export function createChatStream(upstream: UpstreamIdentity): ChatStream {
  const splitter = createThinkSplitter();
  let pieces: Piece[] = [];
  let done = false;
  let events = 0;
  let endReason: EndReason | null = null;
  let usage: Usage = null;

  function add(type: Piece['type'], text: string): void {
    if (text === '') return;
    const last = pieces.at(-1);
    if (last?.type === type) last.text += text;
    else pieces.push({ type, text });
  }

  function addContent(content: string): void {
    const { reasoning, text } = splitter.push(content);
    add('reasoning', reasoning);
    add('text', text);
  }

  function addDelta(delta: Delta): void {
    const thought = delta.reasoning_content ?? delta.reasoning;
    if (typeof thought === 'string') add('reasoning', thought);
    const { content } = delta;
    if (typeof content === 'string') {
      if (content !== '') addContent(content);
    } else if (Array.isArray(content)) {
      // Mistral sends content as a list once a model thinks.
      for (const { text, thinking } of content) {
        if (typeof thinking === 'string') add('reasoning', thinking);
        else if (Array.isArray(thinking)) for (const part of thinking) add('reasoning', part.text ?? '');
        if (typeof text === 'string') addContent(text);
      }
    }
  }

  function accept(payload: string): void {
    if (payload === '[DONE]') {
      done = true;
      return;
    }
    const chunk = parseChunk(upstream, payload);
    events++;
    if (chunk.error !== undefined && chunk.error !== null) throw errorInStream(upstream, chunk.error);
    if (chunk.object === 'error') throw errorInStream(upstream, chunk);
    if (chunk.usage) {
      const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = chunk.usage;
      usage = { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
    }
    const choice = chunk.choices?.[0];
    if (choice === undefined) return;
    const delta = choice.delta ?? choice.message;
    if (delta) addDelta(delta);
    if (choice.finish_reason) endReason = readFinishReason(upstream, choice.finish_reason);
  }

  function take(): Piece[] {
    if (pieces.length === 0) return [];
    const taken = pieces;
    pieces = [];
    return taken;
  }

  return {
    accept,
    take,
    finish() {
      const { reasoning, text } = splitter.finish();
      add('reasoning', reasoning);
      add('text', text);
      return take();
    },
    get done() {
      return done;
    },
    get endReason() {
      return endReason;
    },
    get usage() {
      return usage;
    },
    get events() {
      return events;
    },
  };
}

function parseChunk(upstream: UpstreamIdentity, payload: string): ChatChunk {
  try {
    const chunk = JSON.parse(payload) as unknown;
    if (chunk !== null && typeof chunk === 'object' && !Array.isArray(chunk)) return chunk;
  } catch {
    // Said below.
  }
  throw garbageError(upstream, 'an event is not a JSON object');
}

export function garbageError(upstream: UpstreamIdentity, what: string, cause?: unknown): GenerationError {
  return new GenerationError(
    'upstream_garbage',
    `The model endpoint "${upstream.name}" does not speak the chat completions protocol: ${what}; check the base URL`,
    { cause },
  );
}

function readFinishReason(upstream: UpstreamIdentity, reason: string): EndReason {
  switch (reason) {
    case 'length':
    case 'max_tokens':
    case 'model_length':
      return 'length';
    case 'content_filter':
    case 'sensitive':
      return 'content_filter';
    case 'abort':
    case 'error':
    case 'insufficient_system_resource':
      throw new GenerationError(
        'upstream_cut',
        `The model endpoint "${upstream.name}" gave up in the middle of its answer (${reason})`,
      );
    default:
      return 'stop';
  }
}
