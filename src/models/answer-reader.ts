// From the bytes of a response to the parts of an answer: events, pieces, and the joint with what is already shown.

import type { GenerationPart } from '../answers/ports.ts';
import { type ChatStream, createChatStream, garbageError, type Piece } from './chat-stream.ts';
import type { Joiner } from './continuation.ts';
import { GenerationError } from './generation-error.ts';
import { createSseParser, SseLimitError } from './sse-parser.ts';
import type { UpstreamIdentity } from './upstream-errors.ts';
import { UPSTREAM_LIMITS } from './upstream-limits.ts';

export interface AnswerReader {
  /** Takes a chunk of the body, or null at its end; gives the parts that it brings, in order. */
  push(chunk: Buffer | null): GenerationPart[];
  /** Ends the answer as far as it came: for a stream that breaks after its last token. */
  close(): GenerationPart[];
  /** What went wrong in the last chunk, after its parts. */
  readonly failure: GenerationError | null;
  /** `closing`: the last token is here and only the usage may follow. `ended`: the end part has been given. */
  readonly state: 'open' | 'closing' | 'ended';
  /** True when the upstream has sent all that it had, so that its connection can be used again. */
  readonly complete: boolean;
}

export function createAnswerReader(
  upstream: UpstreamIdentity,
  contentType: string,
  joiner: Joiner,
): AnswerReader {
  const chat = createChatStream(upstream);
  const source = contentType.includes('application/json') ? createJsonSource(chat) : createEventSource(chat);
  let failure: GenerationError | null = null;
  let state: AnswerReader['state'] = 'open';
  let characters = 0;

  function join(pieces: Piece[]): GenerationPart[] {
    for (const piece of pieces) {
      characters += piece.text.length;
      if (piece.type === 'text') piece.text = joiner.push(piece.text);
    }
    return pieces.every((piece) => piece.text !== '') ? pieces : pieces.filter((piece) => piece.text !== '');
  }

  function close(): GenerationPart[] {
    state = 'ended';
    const parts = join(chat.finish());
    const { text, departed } = joiner.finish();
    if (text !== '') parts.push({ type: 'text', text });
    const tooLong = characters > UPSTREAM_LIMITS.maxAnswerCharacters;
    const reason = departed || tooLong ? 'length' : (chat.endReason ?? 'stop');
    parts.push({ type: 'end', reason, usage: chat.usage, ...(departed ? { departed: true } : {}) });
    return parts;
  }

  function push(chunk: Buffer | null): GenerationPart[] {
    try {
      source(chunk);
    } catch (error) {
      failure = error instanceof GenerationError ? error : limitError(upstream, error);
    }
    const parts = join(chat.take());
    if (failure !== null) return parts;
    const tooLong = characters > UPSTREAM_LIMITS.maxAnswerCharacters;
    if (chat.done || joiner.gaveUp || tooLong || (chunk === null && chat.endReason !== null)) {
      parts.push(...close());
    } else if (chunk === null) {
      failure = chat.events > 0 ? cutError(upstream) : garbageError(upstream, 'the response has no events');
    } else if (chat.endReason !== null) state = 'closing';
    return parts;
  }

  return {
    push,
    close,
    get failure() {
      return failure;
    },
    get state() {
      return state;
    },
    get complete() {
      return chat.done;
    },
  };
}

type Source = (chunk: Buffer | null) => void;

function createEventSource(chat: ChatStream): Source {
  const parser = createSseParser(UPSTREAM_LIMITS);
  return (chunk) => {
    const events = chunk === null ? parser.finish() : parser.push(chunk);
    for (const event of events) chat.accept(event);
  };
}

/** For an endpoint that ignores `stream` and answers with one JSON object, or with an error under status 200. */
function createJsonSource(chat: ChatStream): Source {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return (chunk) => {
    if (chunk !== null) {
      chunks.push(chunk);
      bytes += chunk.length;
      const limit = UPSTREAM_LIMITS.maxAnswerCharacters;
      if (bytes > limit) throw new SseLimitError(`body over ${limit} bytes`);
      return;
    }
    chat.accept(Buffer.concat(chunks).toString('utf8'));
  };
}

function limitError(upstream: UpstreamIdentity, error: unknown): GenerationError {
  if (error instanceof SseLimitError) return garbageError(upstream, error.message, error);
  throw error;
}

function cutError(upstream: UpstreamIdentity): GenerationError {
  return new GenerationError(
    'upstream_cut',
    `The model endpoint "${upstream.name}" ended its answer without saying that it is complete`,
  );
}
