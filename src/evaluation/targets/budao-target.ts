/** An installation of Budao, by its HTTP interface: this one or any other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EvaluationSubject } from '../../contract/evaluation.ts';
import type { FileCitation, ResponseObject } from '../../contract/openai/response-object.ts';
import type { SearchResultObject, VectorStoreObject } from '../../contract/openai/vector-stores.ts';
import {
  type AskOutcome,
  type CitedPlace,
  type EvaluatedQuestion,
  EvaluationFailure,
  type EvaluationTarget,
  type FoundPassage,
  type GivenCitation,
  type SearchOutcome,
} from '../target.ts';
import { HttpClient, type HttpClientOptions } from './http-client.ts';

export interface BudaoTargetOptions extends HttpClientOptions {
  /** Ids or names of the knowledge bases that are asked; none stands for the workspace's default one. */
  knowledgeBases?: readonly string[];
  /** A configured model, `extractive`, or `budao` for the best there is. */
  model?: string;
  /** Noted on every question, so that whoever reads the runs knows what they are. */
  metadata?: Readonly<Record<string, string>>;
  /** Null where the installation that is asked does not say it itself. */
  subject?: Partial<Pick<EvaluationSubject, 'program_version' | 'prompt_version' | 'models'>>;
}

/** Around a quote, what its passage may say before and behind it. */
const SURROUNDING_CHARACTERS = 1_200;
const MAX_TEXTS = 64;
const POLL_MS = 300;

interface ResponseEvent {
  type: string;
  delta?: string;
  code?: string;
  message?: string;
  response?: ResponseObject;
}

/** @throws EvaluationFailure where the installation cannot be reached or has no such knowledge base */
export async function openBudaoTarget(
  options: BudaoTargetOptions,
  signal: AbortSignal = AbortSignal.timeout(60_000),
): Promise<EvaluationTarget> {
  const client = new HttpClient(options);
  const all = await knowledgeBasesOf(client, signal);
  const wanted = options.knowledgeBases ?? [];
  const bases =
    wanted.length === 0
      ? all.filter((base) => base.is_default)
      : wanted.map((name) => requireBase(all, name));
  if (bases.length === 0) {
    throw new EvaluationFailure(
      'knowledge_base_not_found',
      'There is no default knowledge base to ask. Name one, or load documents first.',
    );
  }
  return new BudaoTarget(client, options, bases);
}

class BudaoTarget implements EvaluationTarget {
  readonly name: string;
  readonly allowedKnowledgeBaseIds: readonly string[];
  readonly #client: HttpClient;
  readonly #options: BudaoTargetOptions;
  /** Texts of cited documents; null for one that is gone. */
  readonly #texts = new Map<string, Promise<string | null>>();

  constructor(client: HttpClient, options: BudaoTargetOptions, bases: readonly VectorStoreObject[]) {
    this.name = client.baseUrl;
    this.#client = client;
    this.#options = options;
    this.allowedKnowledgeBaseIds = bases.map(({ id }) => id);
  }

  async subject(signal: AbortSignal): Promise<EvaluationSubject> {
    const status = await this.#client
      .json<{ version: string }>('GET', '/ops/status', null, signal)
      .catch(() => null);
    const allowed = new Set(this.allowedKnowledgeBaseIds);
    const bases = (await knowledgeBasesOf(this.#client, signal)).filter(({ id }) => allowed.has(id));
    return {
      target: this.name,
      program_version: status?.version ?? null,
      prompt_version: null,
      models: null,
      ...this.#options.subject,
      knowledge_bases: bases.map((base) => ({
        id: base.id,
        name: base.name,
        generation: base.generation.id,
        embedder: base.generation.embedder,
        documents: base.file_counts.completed,
      })),
    };
  }

  readonly search = async (asked: EvaluatedQuestion, limit: number): Promise<SearchOutcome> => {
    const startedMs = performance.now();
    const pages: { data: SearchResultObject[]; mode: string }[] = [];
    for (const id of this.allowedKnowledgeBaseIds) {
      const body = { query: asked.question, history: asked.history, max_num_results: limit };
      const path = `/v1/vector_stores/${encodeURIComponent(id)}/search`;
      pages.push(await this.#client.json('POST', path, body, asked.signal));
    }
    const elapsedMs = performance.now() - startedMs;
    const found = pages.flatMap(({ data }, at) =>
      data.map((result) => ({ result, knowledgeBaseId: this.allowedKnowledgeBaseIds[at] as string })),
    );
    if (pages.length > 1) found.sort((a, b) => b.result.score - a.result.score);
    return {
      passages: found.slice(0, limit).map(({ result, knowledgeBaseId }) => ({
        document: result.filename,
        text: result.content.map(({ text }) => text).join('\n'),
        headings: result.heading_path,
        article: result.article,
        page: result.page,
        chunkId: result.chunk_id,
        knowledgeBaseId,
      })),
      mode: pages.find(({ mode }) => mode !== 'full')?.mode ?? 'full',
      elapsedMs,
    };
  };

  async ask({ question, history, signal }: EvaluatedQuestion): Promise<AskOutcome> {
    const startedMs = performance.now();
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#client.timeoutMs)]);
    let firstTokenMs: number | null = null;
    let response: ResponseObject | null = null;
    const body = {
      input: [...history, { role: 'user', content: question }],
      tools: [{ type: 'file_search', vector_store_ids: this.allowedKnowledgeBaseIds }],
      include: ['file_search_call.results'],
      model: this.#options.model ?? 'budao',
      metadata: this.#options.metadata ?? {},
      store: false,
      stream: true,
    };
    try {
      for await (const event of this.#client.events<ResponseEvent>('/v1/responses', body, limited)) {
        if (event.response !== undefined) response = event.response;
        if (event.type === 'response.output_text.delta') firstTokenMs ??= performance.now() - startedMs;
        if (isLast(event)) break;
      }
    } catch (error) {
      // The answer goes on without its reader: what broke is the line to it.
      if (response === null || limited.aborted) throw asFailure(error);
    }
    const finished = await this.#finish(response, limited);
    return { ...outcomeOf(finished), firstTokenMs, totalMs: performance.now() - startedMs };
  }

  async citedPlace(citation: GivenCitation, signal: AbortSignal): Promise<CitedPlace> {
    const { documentId, place, quote } = citation;
    if (documentId === null) return { state: 'unknown' };
    let text: string | null;
    try {
      text = await this.#textOf(documentId, signal);
    } catch {
      return { state: 'unknown' };
    }
    if (text === null) return { state: 'missing' };
    const at =
      place !== null && text.slice(place.start, place.end) === quote ? place.start : find(text, quote);
    if (at === -1) return { state: 'missing' };
    const from = Math.max(0, at - SURROUNDING_CHARACTERS);
    return { state: 'there', text: text.slice(from, at + quote.length + SURROUNDING_CHARACTERS) };
  }

  async #finish(response: ResponseObject | null, signal: AbortSignal): Promise<ResponseObject> {
    if (response === null)
      throw new EvaluationFailure('stream_broken', 'The stream ended before its answer.');
    let latest = response;
    while (latest.status === 'queued' || latest.status === 'in_progress') {
      const path = `/v1/responses/${encodeURIComponent(latest.id)}`;
      const next = await this.#client
        .json<ResponseObject>('GET', path, null, signal)
        .catch((error: unknown) => {
          if (signal.aborted || !isPassing(error)) throw asFailure(error);
          return null;
        });
      latest = next ?? latest;
      if (next === null || next.status === 'queued' || next.status === 'in_progress') {
        await sleep(POLL_MS, undefined, { signal }).catch((error: unknown) => {
          throw asFailure(error);
        });
      }
    }
    return latest;
  }

  async #textOf(documentId: string, signal: AbortSignal): Promise<string | null> {
    const known = this.#texts.get(documentId);
    if (known !== undefined) return known;
    const path = `/v1/files/${encodeURIComponent(documentId)}/text`;
    const reading = this.#client.json<{ text: string }>('GET', path, null, signal).then(
      ({ text }) => text,
      (error: unknown) => {
        if (error instanceof EvaluationFailure && error.code === 'document_not_found') return null;
        this.#texts.delete(documentId);
        throw error;
      },
    );
    if (this.#texts.size >= MAX_TEXTS) this.#texts.delete(this.#texts.keys().next().value as string);
    this.#texts.set(documentId, reading);
    return reading;
  }
}

async function knowledgeBasesOf(client: HttpClient, signal: AbortSignal): Promise<VectorStoreObject[]> {
  const all: VectorStoreObject[] = [];
  for (let after = ''; ; ) {
    const path = `/v1/vector_stores?limit=100${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const page = await client.json<{ data: VectorStoreObject[]; has_more: boolean; last_id: string }>(
      'GET',
      path,
      null,
      signal,
    );
    all.push(...page.data);
    if (!page.has_more) return all;
    after = page.last_id;
  }
}

function requireBase(all: readonly VectorStoreObject[], idOrName: string): VectorStoreObject {
  const found = all.find(({ id }) => id === idOrName) ?? all.find(({ name }) => name === idOrName);
  if (found !== undefined) return found;
  const known = all.map(({ name }) => name).slice(0, 8);
  throw new EvaluationFailure(
    'knowledge_base_not_found',
    `There is no knowledge base '${idOrName}'.${known.length === 0 ? '' : ` There are: ${known.join(', ')}`}`,
  );
}

function outcomeOf(response: ResponseObject): Omit<AskOutcome, 'firstTokenMs' | 'totalMs'> {
  const { budao, output, status } = response;
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []));
  if (status !== 'completed') {
    const code = budao.failure_code ?? response.error?.code ?? status;
    const reason = response.error?.message ?? response.incomplete_details?.reason ?? '';
    throw new EvaluationFailure(code, `The answer ended '${status}'. ${reason}`.trim());
  }
  return {
    text: parts.map(({ text }) => text).join(''),
    citations: parts.flatMap(({ annotations }) => annotations.map(citationOf)),
    passages: passagesOf(response),
    mode: budao.mode,
    endpoint: budao.endpoint,
    declined: budao.declined,
  };
}

function citationOf(citation: FileCitation): GivenCitation {
  return {
    start: citation.start_index,
    end: citation.end_index,
    document: citation.filename,
    documentId: citation.file_id,
    knowledgeBaseId: citation.vector_store_id,
    chunkId: citation.chunk_id,
    quote: citation.quote,
    place: { start: citation.start, end: citation.end },
    headings: citation.heading_path,
    article: citation.article,
    page: citation.page,
  };
}

function passagesOf({ output }: ResponseObject): FoundPassage[] | null {
  const search = output.find((item) => item.type === 'file_search_call');
  if (search === undefined || search.results === null) return null;
  return search.results.map((result) => ({
    document: result.filename,
    text: result.text,
    headings: [],
    article: null,
    page: null,
    chunkId: result.chunk_id,
    knowledgeBaseId: result.vector_store_id,
  }));
}

function isLast({ type }: ResponseEvent): boolean {
  return /^response\.(?:completed|failed|incomplete)$/.test(type);
}

/** Texts come with other white space than quotes where a document was read anew. */
function find(text: string, quote: string): number {
  if (quote.trim() === '') return -1;
  const exact = text.indexOf(quote);
  if (exact !== -1) return exact;
  const pattern = quote.trim().split(/\s+/u).map(RegExp.escape).join('\\s+');
  return new RegExp(pattern, 'u').exec(text)?.index ?? -1;
}

function isPassing(error: unknown): boolean {
  return (
    !(error instanceof EvaluationFailure) ||
    /^http_5|unreachable|^ledger_|_unavailable$|^server_leaving$/.test(error.code)
  );
}

function asFailure(error: unknown): EvaluationFailure {
  if (error instanceof EvaluationFailure) return error;
  const { name, message } = error as Error;
  const isLate = name === 'TimeoutError' || name === 'AbortError';
  return new EvaluationFailure(
    isLate ? 'timeout' : 'unreachable',
    isLate ? 'No answer came in time.' : message,
    {
      cause: error,
    },
  );
}
