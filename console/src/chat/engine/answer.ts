import type {
  AnswerMode,
  ApiFailure,
  Citation,
  ContentPart,
  ConversationItem,
  ModeReasonCode,
  Rating,
  ResponseObject,
  StreamEvent,
} from '../../api/types.ts';

export type AnswerStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** One answer as the reader sees it, whether it is being written or was read from the conversation. */
export interface Answer {
  responseId: string;
  status: AnswerStatus;
  text: string;
  /** Text that was already shown when following began: a replay must outgrow it before it is shown instead. */
  shownBefore: string;
  reasoning: string;
  citations: Citation[];
  searching: boolean;
  mode: AnswerMode | null;
  /** In English, for a reason that has no words here. */
  modeReason: string | null;
  modeReasonCode: ModeReasonCode | null;
  failure: ApiFailure | null;
  incompleteReason: string | null;
  /** Number of the last event taken in; null before the first. */
  lastSeq: number | null;
  rating: Rating;
  /** 'broken' while a lost connection is being replaced. */
  connection: 'idle' | 'live' | 'broken';
}

export function emptyAnswer(responseId: string): Answer {
  return {
    responseId,
    status: 'queued',
    text: '',
    shownBefore: '',
    reasoning: '',
    citations: [],
    searching: false,
    mode: null,
    modeReason: null,
    modeReasonCode: null,
    failure: null,
    incompleteReason: null,
    lastSeq: null,
    rating: null,
    connection: 'idle',
  };
}

export function isFinished(answer: Answer): boolean {
  return answer.status !== 'queued' && answer.status !== 'in_progress';
}

/** Nothing can answer now; the question is kept, and answered when it can be. */
export function isDeferred(answer: Answer): boolean {
  return !isFinished(answer) && answer.mode === 'deferred';
}

/** Never shorter than what the reader has already seen. */
export function visibleText(answer: Answer): string {
  return isFinished(answer) || answer.text.length >= answer.shownBefore.length
    ? answer.text
    : answer.shownBefore;
}

/** Takes in one event. An event that was taken in before changes nothing, so streams may be replayed freely. */
export function applyEvent(answer: Answer, event: StreamEvent): Answer {
  const seq = event.sequence_number ?? null;
  const isKnown = seq !== null && answer.lastSeq !== null && seq <= answer.lastSeq;
  // The end is believed under any number: a finished answer's log is shorter than the one that was followed.
  if (isKnown && !isEnd(event)) return answer;
  const next = { ...reduce(answer, event) };
  if (seq !== null) next.lastSeq = seq;
  return next;
}

function isEnd({ type, response }: StreamEvent): boolean {
  return response !== undefined && /^response\.(completed|incomplete|failed|cancelled)$/.test(type);
}

function reduce(answer: Answer, event: StreamEvent): Answer {
  switch (event.type) {
    case 'response.output_text.delta':
    case 'response.refusal.delta':
      return { ...answer, status: 'in_progress', searching: false, text: answer.text + (event.delta ?? '') };
    case 'response.output_text.done':
      return { ...answer, text: event.text ?? answer.text };
    case 'response.output_text.annotation.added':
      return { ...answer, citations: addCitations(answer.citations, [event.annotation]) };
    case 'response.reasoning_text.delta':
    case 'response.reasoning_summary_text.delta':
      return { ...answer, status: 'in_progress', reasoning: answer.reasoning + (event.delta ?? '') };
    case 'response.file_search_call.in_progress':
    case 'response.file_search_call.searching':
      return { ...answer, searching: true };
    case 'response.file_search_call.completed':
      return { ...answer, searching: false };
    case 'error':
      return { ...answer, failure: failureOf(event) };
    default:
      return event.response === undefined ? answer : adoptResponse(answer, event.response);
  }
}

/** The response object is authoritative: once it is finished, its text replaces whatever was put together. */
export function adoptResponse(answer: Answer, response: ResponseObject): Answer {
  // Once somebody works on it again, it is deferred no more.
  const before = answer.mode === 'deferred' ? emptyAnswer(answer.responseId) : answer;
  const next: Answer = {
    ...answer,
    status: statusOf(response.status),
    mode: response.budao?.mode ?? before.mode,
    modeReason: response.budao?.mode_reason ?? before.modeReason,
    modeReasonCode: response.budao?.mode_reason_code ?? before.modeReasonCode,
  };
  if (!isFinished(next)) return next;
  next.searching = false;
  next.failure = failureOfResponse(response);
  next.incompleteReason = response.incomplete_details?.reason ?? null;
  const message = response.output?.findLast((item) => item.type === 'message');
  if (message === undefined) {
    next.text = visibleText(answer);
    return next;
  }
  next.text = textOf(message);
  next.citations = addCitations([], annotationsOf(message));
  next.reasoning = reasoningOf(response.output ?? []) || answer.reasoning;
  return next;
}

/** An answer as the conversation's items tell it. */
export function answerFromItems(responseId: string, items: readonly ConversationItem[]): Answer {
  const message = items.findLast((item) => item.type === 'message');
  const answer = emptyAnswer(responseId);
  if (message === undefined) return answer;
  answer.status = statusOf(message.status ?? 'completed');
  answer.text = textOf(message);
  answer.citations = addCitations([], annotationsOf(message));
  answer.reasoning = reasoningOf(items);
  answer.mode = message.mode ?? null;
  answer.modeReason = message.mode_reason ?? null;
  answer.modeReasonCode = message.mode_reason_code ?? null;
  const feedback = message.feedback ?? null;
  answer.rating = typeof feedback === 'object' ? (feedback?.rating ?? null) : feedback;
  if (isFinished(answer)) return withFailure(answer, message.error ?? null);
  if (message.sequence_number !== undefined) return { ...answer, lastSeq: message.sequence_number };
  // Without a number the stream is replayed from its beginning.
  return { ...answer, text: '', reasoning: '', citations: [], shownBefore: answer.text };
}

function withFailure(answer: Answer, failure: ApiFailure | null): Answer {
  if (failure === null) return answer;
  return { ...answer, failure, status: failure.code === 'cancelled' ? 'cancelled' : 'failed' };
}

export function textOf(item: ConversationItem): string {
  if (typeof item.content === 'string') return item.content;
  return (item.content ?? []).map((part) => part.text ?? part.refusal ?? '').join('');
}

function annotationsOf(item: ConversationItem): (Citation | { type: string })[] {
  if (typeof item.content === 'string') return [];
  return (item.content ?? []).flatMap((part) => part.annotations ?? []);
}

function reasoningOf(items: readonly ConversationItem[]): string {
  const parts: ContentPart[] = [];
  for (const item of items) {
    if (item.type !== 'reasoning') continue;
    if (Array.isArray(item.content)) parts.push(...item.content);
    parts.push(...(item.summary ?? []));
  }
  return parts.map((part) => part.text ?? '').join('\n\n');
}

function addCitations(
  known: Citation[],
  more: readonly (Citation | { type: string } | undefined)[],
): Citation[] {
  const result = [...known];
  for (const candidate of more) {
    if (candidate?.type !== 'file_citation') continue;
    const citation = candidate as Citation;
    const isKnown = result.some(
      (other) =>
        other.index === citation.index &&
        other.chunk_id === citation.chunk_id &&
        other.file_id === citation.file_id,
    );
    if (!isKnown) result.push(citation);
  }
  return result;
}

function statusOf(status: string): AnswerStatus {
  const known: AnswerStatus[] = ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'];
  return known.find((candidate) => candidate === status) ?? 'in_progress';
}

/** OpenAI's short list of codes hides the reason; the extension tells it. */
function failureOfResponse({ error, budao }: ResponseObject): ApiFailure | null {
  return error ? { code: budao?.failure_code ?? error.code ?? null, message: error.message } : null;
}

function failureOf(event: StreamEvent): ApiFailure {
  return event.error ?? { code: event.code ?? null, message: event.message ?? '' };
}
