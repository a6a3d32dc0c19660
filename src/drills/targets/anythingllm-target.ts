/** AnythingLLM through its developer API (`/api/v1`, bearer key). A workspace is what elsewhere is a knowledge base. */
import type { WriteKind } from '../log/facts.ts';
import { TargetError } from './http-client.ts';
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

interface Chunk {
  type?: string;
  textResponse?: string | null;
  close?: boolean;
  error?: string | boolean | null;
}

export class AnythingLlmTarget extends PartialTarget {
  readonly probes = ['sign-in', 'ask', 'stream', 'upload', 'search'] as const;
  readonly writes = ['message', 'file', 'vector'] as const;

  override async prepare(signal: AbortSignal): Promise<TargetSettings> {
    if (this.settings.uploadsTo != null) return this.settings;
    const { workspace } = await this.client.json<{ workspace: { slug: string } }>('/api/v1/workspace/new', {
      method: 'POST',
      body: { name: `drill ${new Date().toISOString()}` },
      signal,
    });
    return { ...this.settings, uploadsTo: workspace.slug };
  }

  async signIn(signal: AbortSignal): Promise<void> {
    const { authenticated } = await this.client.json<{ authenticated: boolean }>('/api/v1/auth', { signal });
    if (!authenticated) throw new TargetError('the key was not taken', 403);
  }

  /** Each question in a session of its own, by which it is found again. */
  async ask(question: string, { key, signal, watcher }: AskOptions): Promise<FollowedAnswer> {
    return followText(this.client, {
      path: `/api/v1/workspace/${this.#asked}/stream-chat`,
      request: { method: 'POST', body: { message: question, mode: 'chat', sessionId: key }, signal },
      watcher,
      acknowledgedAs: key,
      read(payload) {
        const { type, textResponse, close, error } = parseOr<Chunk>(payload, {});
        if (type === 'abort' || (error !== undefined && error !== null && error !== false))
          return { error: String(error ?? 'abort') };
        return { text: textResponse ?? '', isEnd: close === true };
      },
      mayJustClose: false,
    });
  }

  override async upload(
    { name, text }: { name: string; text: string },
    signal: AbortSignal,
  ): Promise<AcknowledgedWrite> {
    const form = new FormData();
    form.append('file', new Blob([text]), name);
    form.append('addToWorkspaces', this.#uploads);
    const reply = await this.client.json<{
      success: boolean;
      error: string | null;
      documents?: { name?: string; location: string }[];
    }>('/api/v1/document/upload', { method: 'POST', body: form, signal });
    const [document] = reply.documents ?? [];
    if (!reply.success || document === undefined) throw new TargetError(reply.error ?? 'no document', 500);
    return { id: document.name ?? document.location.split('/').at(-1) ?? '', sha256: hashOf(text) };
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
    const name = 'id' in wanted ? wanted.id : wanted.key;
    if (kind === 'message') return this.#findMessage(name, signal);
    if (kind === 'vector') {
      const isThere = await this.isSearchable('', name.split('/').at(-1) ?? '', signal);
      return { count: isThere ? 1 : 0, sha256: null };
    }
    if (kind !== 'file') return super.find(kind, wanted, signal);
    // A document gets its name only when it is taken; by its key nobody can find it.
    if ('key' in wanted) throw this.lacks('reading back of an upload of unknown outcome');
    const { status, text } = await this.client.send(`/api/v1/document/${encodeURIComponent(name)}`, {
      signal,
    });
    if (status !== 200 && status !== 404) throw new TargetError(`${status} ${text}`, status);
    return { count: status === 200 ? 1 : 0, sha256: null };
  }

  async #findMessage(name: string, signal: AbortSignal): Promise<FoundWrite> {
    const [session = '', part] = name.split('/');
    const query = `apiSessionId=${encodeURIComponent(session)}&limit=${RESULTS}`;
    const { history } = await this.client.json<{ history: { role: string; content: string }[] }>(
      `/api/v1/workspace/${this.#asked}/chats?${query}`,
      { signal },
    );
    const own = history.filter(({ role }) => role === (part === 'answer' ? 'assistant' : 'user'));
    return { count: own.length, sha256: own[0] === undefined ? null : hashOf(own[0].content) };
  }

  async #search(workspace: string, query: string, signal: AbortSignal): Promise<string[]> {
    const { results } = await this.client.json<{ results: { text: string }[] }>(
      `/api/v1/workspace/${workspace}/vector-search`,
      { method: 'POST', body: { query, topN: RESULTS, scoreThreshold: 0 }, signal, isRepeatable: true },
    );
    return results.map(({ text }) => text);
  }

  get #asked(): string {
    return this.settings.knowledgeBase ?? this.#uploads;
  }

  get #uploads(): string {
    if (this.settings.uploadsTo == null) throw new TargetError('the target was not prepared', null);
    return this.settings.uploadsTo;
  }
}
