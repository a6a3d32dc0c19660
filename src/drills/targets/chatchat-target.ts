/** Langchain-Chatchat through its API server. It has no accounts and keeps no questions; errors come with status 200. */
import type { WriteKind } from '../log/facts.ts';
import { TargetError } from './http-client.ts';
import { readChunk } from './openai-target.ts';
import { hashOf, PartialTarget } from './partial-target.ts';
import type {
  AcknowledgedWrite,
  AskOptions,
  FollowedAnswer,
  FoundWrite,
  TargetSettings,
  WantedWrite,
} from './target.ts';
import { followText, parseOr } from './text-stream.ts';

const RESULTS = 10;
/** Of its scale of distances: does not filter. */
const ANY_DISTANCE = 2;

interface Reply<T> {
  code: number;
  msg: string;
  data: T;
}

export class ChatchatTarget extends PartialTarget {
  readonly probes = ['sign-in', 'ask', 'stream', 'upload', 'search'] as const;
  readonly writes = ['file', 'vector'] as const;

  override async prepare(signal: AbortSignal): Promise<TargetSettings> {
    if (this.settings.uploadsTo != null) return this.settings;
    const name = `drill_${Date.now()}`;
    await this.#call('/knowledge_base/create_knowledge_base', {
      method: 'POST',
      body: { knowledge_base_name: name },
      signal,
    });
    return { ...this.settings, uploadsTo: name };
  }

  /** The list of knowledge bases is the least that a client needs to begin. */
  async signIn(signal: AbortSignal): Promise<void> {
    await this.#call('/knowledge_base/list_knowledge_bases', { signal });
  }

  async ask(question: string, { signal, watcher }: AskOptions): Promise<FollowedAnswer> {
    const { model } = this.settings;
    const body = {
      query: question,
      mode: 'local_kb',
      kb_name: this.#asked,
      stream: true,
      ...(model == null ? {} : { model }),
    };
    return followText(this.client, {
      path: '/chat/kb_chat',
      request: { method: 'POST', body, signal },
      watcher,
      acknowledgedAs: null,
      read(payload) {
        const { error, code, msg } = parseOr<{ error?: string; code?: number; msg?: string }>(payload, {});
        if (typeof error === 'string') return { error };
        return code !== undefined && code !== 200 ? { error: msg ?? String(code) } : readChunk(payload);
      },
      mayJustClose: true,
    });
  }

  override async upload(
    { name, text }: { name: string; text: string },
    signal: AbortSignal,
  ): Promise<AcknowledgedWrite> {
    const form = new FormData();
    form.append('files', new Blob([text]), name);
    form.append('knowledge_base_name', this.#uploads);
    form.append('to_vector_store', 'true');
    const { failed_files: failed } = await this.#call<{ failed_files: Record<string, string> }>(
      '/knowledge_base/upload_docs',
      { method: 'POST', body: form, signal },
    );
    const reason = failed[name];
    if (reason !== undefined) throw new TargetError(reason, 500);
    return { id: name, sha256: hashOf(text) };
  }

  override async search(
    query: string,
    signal: AbortSignal,
  ): Promise<{ texts: string[]; mode: string | null }> {
    return { texts: await this.#search(this.#asked, query, signal), mode: null };
  }

  override async isSearchable(_uploadId: string, word: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#search(this.#uploads, word, signal)).some((text) => text.includes(word));
  }

  override async find(kind: WriteKind, wanted: WantedWrite, signal: AbortSignal): Promise<FoundWrite> {
    const name = 'id' in wanted ? wanted.id : `${wanted.key}.md`;
    if (kind === 'vector') {
      const isThere = await this.isSearchable('', name.split('/').at(-1) ?? '', signal);
      return { count: isThere ? 1 : 0, sha256: null };
    }
    if (kind !== 'file') return super.find(kind, wanted, signal);
    const base = encodeURIComponent(this.#uploads);
    const files = await this.#call<{ file_name: string }[]>(
      `/knowledge_base/list_files?knowledge_base_name=${base}`,
      { signal },
    );
    const count = files.filter((file) => file.file_name === name).length;
    if (count === 0) return { count, sha256: null };
    const path = `/knowledge_base/download_doc?knowledge_base_name=${base}&file_name=${encodeURIComponent(name)}`;
    const { status, text } = await this.client.send(path, { signal });
    // It lists what its database holds; whether the file is there, only the file tells.
    if (status >= 500) throw new TargetError(`${status} ${text}`, status);
    return status === 200 ? { count, sha256: hashOf(text) } : { count: 0, sha256: null };
  }

  async #search(base: string, query: string, signal: AbortSignal): Promise<string[]> {
    const found = await this.client.json<{ page_content: string }[]>('/knowledge_base/search_docs', {
      method: 'POST',
      body: { query, knowledge_base_name: base, top_k: RESULTS, score_threshold: ANY_DISTANCE },
      signal,
      isRepeatable: true,
    });
    return found.map(({ page_content: text }) => text);
  }

  async #call<T>(path: string, request: Parameters<typeof this.client.json>[1]): Promise<T> {
    const { code, msg, data } = await this.client.json<Reply<T>>(path, request);
    if (code !== 200) throw new TargetError(`${code} ${msg}`, code);
    return data;
  }

  get #asked(): string {
    return this.settings.knowledgeBase ?? this.#uploads;
  }

  get #uploads(): string {
    if (this.settings.uploadsTo == null) throw new TargetError('the target was not prepared', null);
    return this.settings.uploadsTo;
  }
}
