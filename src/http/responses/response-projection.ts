import { answerCitations } from '../../answers/answer-citations.ts';
import { finishedAnswer } from '../../answers/find-answer.ts';
import { fromAnswerPassage } from '../../answers/passages.ts';
import {
  type AnswerCitation,
  type AnswerEvents,
  type AnswerInput,
  type AnswerPassage,
  type AnswerResult,
  type DeclaredMode,
  outputItemId,
} from '../../contract/answer.ts';
import type {
  FileSearchItem,
  MessageItem,
  OutputItem,
  ReasoningItem,
  ResponseObject,
} from '../../contract/openai/response-object.ts';
import type { Run, RunEvent, RunFailure } from '../../runs/run.ts';
import { errorFrame, type Projection, type StreamBreak } from '../streaming/projection.ts';
import { emptyResponse, fileCitation, fileSearchResult, responseUsage } from './response-object.ts';

/** An output item whose text is still growing. */
interface GrowingText {
  item: MessageItem | ReasoningItem;
  outputIndex: number;
  text: string;
  /** Everything of a delta's JSON between its number and its text. */
  deltaHead: string;
}

const UNDECLARED = { mode: null, modeReason: null, modeReasonCode: null };
const MESSAGE_DELTA = 'response.output_text.delta';
const REASONING_DELTA = 'response.reasoning_text.delta';

/** Projects an answer's log to the events of the Responses API, and to the Response object itself. */
export class ResponseProjection implements Projection {
  readonly #run: { id: string; createdAt: number };
  readonly #input: AnswerInput;
  readonly #response: ResponseObject;
  #message: GrowingText | null = null;
  #reasoning: GrowingText | null = null;
  #passages: readonly AnswerPassage[] = [];
  /** Undefined for all. */
  #seenPassages: number | undefined;
  #nextNumber = 0;
  #isInProgress = false;
  #isDone = false;

  constructor(run: { id: string; createdAt: number; input: unknown }) {
    this.#run = run;
    this.#input = run.input as AnswerInput;
    this.#response = emptyResponse(run, this.#input);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The number of the last event, or -1. */
  get lastNumber(): number {
    return this.#nextNumber - 1;
  }

  /** Nothing can answer now; the question is kept. */
  get isDeferred(): boolean {
    return this.#response.status === 'queued' && this.#response.budao.mode === 'deferred';
  }

  open(frames: string[]): void {
    this.#add(frames, 'response.created', { response: this.#response });
    if (this.#input.background) this.#add(frames, 'response.queued', { response: this.#response });
  }

  push(event: RunEvent, frames: string[]): void {
    if (this.#isDone) return;
    switch (event.type) {
      case 'answer.delta':
        this.#addText(frames, (event.payload as AnswerEvents['answer.delta']).text);
        return;
      case 'answer.reasoning':
        this.#addReasoning(frames, (event.payload as AnswerEvents['answer.reasoning']).text);
        return;
      case 'answer.started':
        this.#start(frames);
        this.#declare(event.payload as AnswerEvents['answer.started']);
        this.#seenPassages = (event.payload as AnswerEvents['answer.started']).seenPassages;
        return;
      case 'answer.searched':
        this.#showSearch(frames, event.payload as AnswerEvents['answer.searched']);
        return;
      case 'answer.deferred':
        this.#wait(frames, event.payload as AnswerEvents['answer.deferred']);
        return;
      case 'answer.finished':
        this.#finish(frames, event.payload as AnswerResult, event.createdAt);
        return;
      case 'run.failed':
        this.#fail(frames, event.payload as RunFailure);
        return;
      case 'run.cancelled':
        this.#cancel(frames);
        return;
      default:
    }
  }

  close(run: Run, frames: string[]): void {
    if (this.#isDone) return;
    const result = finishedAnswer(run);
    if (result !== null) this.#finish(frames, result, run.finishedAt ?? run.createdAt);
    else if (run.status === 'cancelled') this.#cancel(frames);
    else
      this.#fail(
        frames,
        run.failure ?? { code: 'answer_missing', message: 'The run ended without an answer.' },
      );
  }

  /** The Response as far as it has come; a copy that stays as it is. */
  response(): ResponseObject {
    this.#settleText(this.#message);
    this.#settleText(this.#reasoning);
    return structuredClone(this.#response);
  }

  #start(frames: string[]): void {
    if (this.#isInProgress) return;
    this.#isInProgress = true;
    this.#response.status = 'in_progress';
    // The wait is over; how it is answered is not known yet.
    if (this.#response.budao.mode === 'deferred') this.#declare(UNDECLARED);
    this.#add(frames, 'response.in_progress', { response: this.#response });
  }

  /** Back to where a question is before anybody works on it, with the reason. */
  #wait(frames: string[], declared: DeclaredMode): void {
    this.#closeReasoning(frames, 'incomplete');
    this.#isInProgress = false;
    this.#response.status = 'queued';
    this.#declare(declared);
    this.#add(frames, 'response.queued', { response: this.#response });
  }

  #declare(declared: DeclaredMode | typeof UNDECLARED): void {
    const { budao } = this.#response;
    budao.mode = declared.mode;
    budao.mode_reason = declared.modeReason;
    budao.mode_reason_code = declared.modeReasonCode;
  }

  #showSearch(frames: string[], searched: AnswerEvents['answer.searched']): void {
    this.#start(frames);
    const { budao } = this.#response;
    budao.condensed_query = searched.query;
    budao.knowledge_base_ids = searched.knowledgeBaseIds;
    if (searched.degraded !== null) {
      const { mode, reason, code } = searched.degraded;
      this.#declare({ mode, modeReason: reason, modeReasonCode: code });
    }
    this.#passages = searched.passages;
    if (!this.#input.fileSearchRequested) return;
    const results = this.#input.includeSearchResults ? searched.passages.map(fileSearchResult) : null;
    const before = this.#response.output.find((item) => item.type === 'file_search_call');
    if (before !== undefined) {
      // The answer had to wait in between, and what was found then is no longer what it is written from.
      Object.assign(before, { queries: [searched.query], results });
      return;
    }
    const item: FileSearchItem = {
      id: outputItemId('fs', this.#run.id),
      type: 'file_search_call',
      status: 'in_progress',
      queries: [],
      results: null,
    };
    const outputIndex = this.#addItem(frames, item);
    const place = { item_id: item.id, output_index: outputIndex };
    this.#add(frames, 'response.file_search_call.in_progress', place);
    this.#add(frames, 'response.file_search_call.searching', place);
    this.#add(frames, 'response.file_search_call.completed', place);
    item.status = 'completed';
    item.queries = [searched.query];
    item.results = results;
    this.#add(frames, 'response.output_item.done', { output_index: outputIndex, item });
  }

  #addText(frames: string[], text: string): void {
    if (text === '') return;
    const message = this.#message ?? this.#openMessage(frames);
    message.text += text;
    frames.push(deltaFrame(MESSAGE_DELTA, this.#nextNumber++, message.deltaHead, text, ',"logprobs":[]}'));
  }

  #addReasoning(frames: string[], text: string): void {
    if (text === '') return;
    const reasoning = this.#reasoning ?? this.#openReasoning(frames);
    reasoning.text += text;
    frames.push(deltaFrame(REASONING_DELTA, this.#nextNumber++, reasoning.deltaHead, text, '}'));
  }

  #openMessage(frames: string[]): GrowingText {
    this.#start(frames);
    this.#closeReasoning(frames, 'completed');
    const id = outputItemId('msg', this.#run.id);
    const item: MessageItem = { id, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
    this.#message = this.#openText(frames, item, {
      type: 'output_text',
      text: '',
      annotations: [],
      logprobs: [],
    });
    return this.#message;
  }

  #openReasoning(frames: string[]): GrowingText {
    this.#start(frames);
    const earlier = this.#response.output.filter((item) => item.type === 'reasoning').length;
    const id = outputItemId('rs', this.#run.id) + (earlier === 0 ? '' : `_${earlier}`);
    const item: ReasoningItem = { id, type: 'reasoning', summary: [], content: [], status: 'in_progress' };
    this.#reasoning = this.#openText(frames, item, { type: 'reasoning_text', text: '' });
    return this.#reasoning;
  }

  #openText<Item extends MessageItem | ReasoningItem>(
    frames: string[],
    item: Item,
    part: Item['content'][number],
  ): GrowingText {
    const outputIndex = this.#addItem(frames, item);
    const place = { item_id: item.id, output_index: outputIndex, content_index: 0 };
    this.#add(frames, 'response.content_part.added', { ...place, part });
    (item.content as Item['content'][number][]).push(part);
    const deltaHead = `,"item_id":"${item.id}","output_index":${outputIndex},"content_index":0,"delta":`;
    return { item, outputIndex, text: '', deltaHead };
  }

  #closeReasoning(frames: string[], status: 'completed' | 'incomplete'): void {
    const reasoning = this.#reasoning;
    if (reasoning === null) return;
    this.#reasoning = null;
    this.#closeText(frames, reasoning, status, 'response.reasoning_text.done', {});
  }

  #closeMessage(frames: string[], status: 'completed' | 'incomplete'): void {
    const message = this.#message;
    if (message === null) return;
    this.#message = null;
    this.#closeText(frames, message, status, 'response.output_text.done', { logprobs: [] });
  }

  #closeText(
    frames: string[],
    growing: GrowingText,
    status: 'completed' | 'incomplete',
    doneType: string,
    doneFields: object,
  ): void {
    this.#settleText(growing);
    const { item, outputIndex, text } = growing;
    const place = { item_id: item.id, output_index: outputIndex, content_index: 0 };
    this.#add(frames, doneType, { ...place, text, ...doneFields });
    this.#add(frames, 'response.content_part.done', { ...place, part: item.content[0] });
    item.status = status;
    this.#add(frames, 'response.output_item.done', { output_index: outputIndex, item });
  }

  #settleText(growing: GrowingText | null): void {
    const part = growing?.item.content[0];
    if (growing !== null && part !== undefined) part.text = growing.text;
  }

  #finish(frames: string[], result: AnswerResult, finishedAt: number): void {
    const message = this.#message ?? this.#openMessage(frames);
    // What was shown stays; a result that goes further is shown too.
    if (result.text.startsWith(message.text)) this.#addText(frames, result.text.slice(message.text.length));
    this.#addCitations(frames, message, result.citations);
    this.#closeReasoning(frames, 'completed');
    this.#closeMessage(frames, result.status);
    const response = this.#response;
    response.status = result.status;
    response.completed_at = Math.floor(finishedAt / 1000);
    response.incomplete_details =
      result.status === 'incomplete' ? { reason: result.incompleteReason ?? 'interrupted' } : null;
    response.usage = responseUsage(result.usage);
    this.#declare(result);
    response.budao.endpoint = result.endpoint;
    response.budao.declined = result.declined;
    this.#end(frames, `response.${result.status}`);
  }

  #addCitations(frames: string[], message: GrowingText, citations: readonly AnswerCitation[]): void {
    const part = (message.item as MessageItem).content[0];
    if (part === undefined) return;
    for (const citation of citations) {
      const annotation = fileCitation(citation);
      this.#add(frames, 'response.output_text.annotation.added', {
        item_id: message.item.id,
        output_index: message.outputIndex,
        content_index: 0,
        annotation_index: part.annotations.length,
        annotation,
      });
      part.annotations.push(annotation);
    }
  }

  breakOff({ code, message, lastNumber }: StreamBreak): string {
    const { id } = this.#response;
    return errorFrame({
      type: 'error',
      code,
      message: `${message} Go on with GET /v1/responses/${id}?stream=true&starting_after=${lastNumber}`,
      param: null,
      sequence_number: lastNumber,
      response_id: id,
    });
  }

  #fail(frames: string[], failure: RunFailure): void {
    this.#cutShort(frames);
    this.#response.status = 'failed';
    this.#response.error = { code: 'server_error', message: failure.message };
    this.#response.budao.failure_code = failure.code;
    this.#response.usage = responseUsage(null);
    this.#end(frames, 'response.failed');
  }

  /** The API knows no event for it: the stream ends incomplete, with the status that a retrieve shows too. */
  #cancel(frames: string[]): void {
    this.#cutShort(frames);
    this.#response.status = 'cancelled';
    this.#response.usage = responseUsage(null);
    this.#end(frames, 'response.incomplete');
  }

  /** What was shown stays, with the sources of what was shown. */
  #cutShort(frames: string[]): void {
    this.#start(frames);
    const message = this.#message;
    if (message !== null) {
      const seen = this.#passages.slice(0, this.#seenPassages).map(fromAnswerPassage);
      const citations = answerCitations(message.text, seen);
      this.#addCitations(frames, message, citations);
    }
    this.#closeReasoning(frames, 'incomplete');
    this.#closeMessage(frames, 'incomplete');
  }

  #end(frames: string[], type: string): void {
    this.#add(frames, type, { response: this.#response });
    this.#isDone = true;
  }

  #addItem(frames: string[], item: OutputItem): number {
    const outputIndex = this.#response.output.length;
    this.#add(frames, 'response.output_item.added', { output_index: outputIndex, item });
    this.#response.output.push(item);
    return outputIndex;
  }

  #add(frames: string[], type: string, fields: object): void {
    const number = this.#nextNumber++;
    const body = JSON.stringify(fields);
    frames.push(
      `event: ${type}\nid: ${number}\ndata: {"type":"${type}","sequence_number":${number},${body.slice(1)}\n\n`,
    );
  }
}

/** The hot path: one JSON encoding, of the text alone. */
function deltaFrame(type: string, number: number, head: string, text: string, tail: string): string {
  return `event: ${type}\nid: ${number}\ndata: {"type":"${type}","sequence_number":${number}${head}${JSON.stringify(text)}${tail}\n\n`;
}
