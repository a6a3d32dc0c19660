/** Budao through its public API. */
import { PROBE_KINDS, type WriteKind } from '../log/facts.ts';
import { followResponse } from './follow-response.ts';
import { HttpClient, TargetError } from './http-client.ts';
import { hashOf } from './partial-target.ts';
import type {
  AcknowledgedWrite,
  AskOptions,
  DrillTarget,
  FollowedAnswer,
  FoundWrite,
  TargetSettings,
  WantedWrite,
} from './target.ts';

const PAGE = 100;
/** A page of a list that is longer is not looked through: a drill makes a few hundred of each kind. */
const MAX_PAGES = 200;

interface Item {
  id: string;
  role?: string;
  response_id?: string | null;
  content?: { text?: string }[];
}

export class BudaoTarget implements DrillTarget {
  readonly probes = PROBE_KINDS;
  readonly writes: readonly WriteKind[] = ['message', 'file', 'vector', 'permission', 'setting'];
  readonly #settings: TargetSettings;
  readonly #client: HttpClient;

  constructor(settings: TargetSettings) {
    this.#settings = settings;
    const headers = settings.apiKey == null ? {} : { authorization: `Bearer ${settings.apiKey}` };
    this.#client = new HttpClient(settings.urls, headers);
  }

  async prepare(signal: AbortSignal): Promise<TargetSettings> {
    if (this.#settings.uploadsTo != null) return this.#settings;
    const { id } = await this.#client.json<{ id: string }>('/v1/vector_stores', {
      method: 'POST',
      body: { name: `drill ${new Date().toISOString()}` },
      signal,
    });
    return { ...this.#settings, uploadsTo: id };
  }

  async signIn(signal: AbortSignal): Promise<void> {
    const { account } = this.#settings;
    if (account == null) {
      await this.#client.json('/auth/me', { signal });
      return;
    }
    const body = { username: account.name, password: account.password };
    await this.#client.json('/auth/sign-in', { method: 'POST', body, signal, isRepeatable: true });
  }

  /** Each question in a conversation of its own, whose title is the key: so it is found again, and counted. */
  async ask(question: string, { key, signal, watcher }: AskOptions): Promise<FollowedAnswer> {
    const { id: conversation } = await this.#client.json<{ id: string }>('/v1/conversations', {
      method: 'POST',
      body: { title: key },
      headers: { 'idempotency-key': `${key} conversation` },
      signal,
      isRepeatable: true,
    });
    const { model, knowledgeBase } = this.#settings;
    const body = {
      input: question,
      conversation,
      ...(model == null ? {} : { model }),
      ...(knowledgeBase == null
        ? {}
        : { tools: [{ type: 'file_search', vector_store_ids: [knowledgeBase] }] }),
    };
    return followResponse(this.#client, {
      body,
      key,
      signal,
      watcher: {
        ...watcher,
        onAcknowledged: (id) => watcher.onAcknowledged(`${conversation}/${id}`),
        onPiece: (piece) => watcher.onPiece(piece),
      },
    });
  }

  async upload(
    { name, text, key }: { name: string; text: string; key: string },
    signal: AbortSignal,
  ): Promise<AcknowledgedWrite> {
    const form = new FormData();
    form.append('file', new Blob([text]), name);
    const { id } = await this.#client.json<{ id: string }>(`/v1/vector_stores/${this.#uploads}/documents`, {
      method: 'POST',
      body: form,
      headers: { 'idempotency-key': key },
      signal,
      isRepeatable: true,
    });
    return { id: `${this.#uploads}/${id}`, sha256: hashOf(text) };
  }

  async search(query: string, signal: AbortSignal): Promise<{ texts: string[]; mode: string | null }> {
    const id = this.#settings.knowledgeBase ?? (await this.#defaultKnowledgeBase(signal));
    const found = await this.#search(id, query, signal);
    return {
      texts: found.data.map(({ content }) => content.map(({ text }) => text).join('\n')),
      mode: found.mode,
    };
  }

  async isSearchable(uploadId: string, word: string, signal: AbortSignal): Promise<boolean> {
    const [store = '', file = ''] = uploadId.split('/');
    const { data } = await this.#search(store, word, signal);
    return data.some((hit) => hit.file_id === file && hit.content.some(({ text }) => text.includes(word)));
  }

  async write(kind: 'permission' | 'setting', key: string, signal: AbortSignal): Promise<AcknowledgedWrite> {
    if (kind === 'permission') {
      const body = { name: key, role: 'reader', expires_in_days: 1 };
      const made = await this.#client.json<{ id: string }>('/ops/keys', { method: 'POST', body, signal });
      return { id: made.id, sha256: hashOf(`${key} reader`) };
    }
    const body = { name: key };
    const headers = { 'idempotency-key': key };
    const made = await this.#client.json<{ id: string }>('/v1/vector_stores', {
      method: 'POST',
      body,
      headers,
      signal,
      isRepeatable: true,
    });
    return { id: made.id, sha256: hashOf(key) };
  }

  async find(kind: WriteKind, wanted: WantedWrite, signal: AbortSignal): Promise<FoundWrite> {
    switch (kind) {
      case 'message':
        return 'id' in wanted
          ? this.#findMessage(wanted.id, signal)
          : this.#countQuestions(wanted.key, signal);
      case 'file':
        return 'id' in wanted ? this.#findFile(wanted.id, signal) : this.#countFiles(wanted.key, signal);
      case 'vector':
        return this.#findVector('id' in wanted ? wanted.id : '', signal);
      case 'permission':
        return this.#findPermission(wanted, signal);
      case 'setting':
        return this.#findSetting(wanted, signal);
    }
  }

  async firingAlerts(signal: AbortSignal): Promise<string[] | null> {
    const { data } = await this.#client.json<{ data: { rule: string }[] }>(
      `/ops/alerts?state=firing&limit=${PAGE}`,
      { signal },
    );
    return [...new Set(data.map(({ rule }) => rule))];
  }

  get #uploads(): string {
    const { uploadsTo } = this.#settings;
    if (uploadsTo == null) throw new TargetError('the target was not prepared', null);
    return uploadsTo;
  }

  async #defaultKnowledgeBase(signal: AbortSignal): Promise<string> {
    const { data } = await this.#client.json<{ data: { id: string; is_default?: boolean }[] }>(
      `/v1/vector_stores?limit=${PAGE}`,
      { signal },
    );
    const chosen = data.find(({ is_default: isDefault }) => isDefault === true) ?? data[0];
    if (chosen === undefined) throw new TargetError('there is no knowledge base to search', null);
    return chosen.id;
  }

  async #search(id: string, query: string, signal: AbortSignal) {
    return this.#client.json<{
      data: { file_id: string; content: { text: string }[] }[];
      mode: string | null;
    }>(`/v1/vector_stores/${id}/search`, { method: 'POST', body: { query }, signal, isRepeatable: true });
  }

  /** `conversation/response` is a question, `conversation/response/answer` what was answered. */
  async #findMessage(id: string, signal: AbortSignal): Promise<FoundWrite> {
    const [conversation = '', response = '', part] = id.split('/');
    const items = await this.#pages<Item>(`/v1/conversations/${conversation}/items`, signal);
    const role = part === 'answer' ? 'assistant' : 'user';
    const own = (items ?? []).filter((item) => item.role === role && item.response_id === response);
    const text = own[0]?.content?.map((piece) => piece.text ?? '').join('') ?? null;
    return { count: own.length, sha256: text === null ? null : hashOf(text) };
  }

  async #countQuestions(key: string, signal: AbortSignal): Promise<FoundWrite> {
    const query = `/v1/conversations?limit=${PAGE}&query=${encodeURIComponent(key)}`;
    const { data } = await this.#client.json<{ data: { id: string; title: string | null }[] }>(query, {
      signal,
    });
    let count = 0;
    for (const { id, title } of data) {
      if (title !== key) continue;
      const items = await this.#pages<Item>(`/v1/conversations/${id}/items`, signal);
      count += (items ?? []).filter(({ role }) => role === 'user').length;
    }
    return { count, sha256: null };
  }

  /** `knowledge base/file`. */
  async #findFile(id: string, signal: AbortSignal): Promise<FoundWrite> {
    const { status, text } = await this.#client.send(`/v1/files/${id.split('/')[1]}/content`, { signal });
    if (status === 404) return { count: 0, sha256: null };
    if (status !== 200) throw new TargetError(`${status} ${text}`, status);
    return { count: 1, sha256: hashOf(text) };
  }

  async #countFiles(key: string, signal: AbortSignal): Promise<FoundWrite> {
    const files = await this.#pages<{ id: string; filename: string }>('/v1/files', signal);
    return { count: (files ?? []).filter(({ filename }) => filename.includes(key)).length, sha256: null };
  }

  /** `knowledge base/file/word`: the word stands in that document alone. */
  async #findVector(id: string, signal: AbortSignal): Promise<FoundWrite> {
    const [store = '', file = '', word = ''] = id.split('/');
    try {
      const isThere = await this.isSearchable(`${store}/${file}`, word, signal);
      return { count: isThere ? 1 : 0, sha256: null };
    } catch (error) {
      if (error instanceof TargetError && error.status === 404) return { count: 0, sha256: null };
      throw error;
    }
  }

  async #findPermission(wanted: WantedWrite, signal: AbortSignal): Promise<FoundWrite> {
    const { data } = await this.#client.json<{
      data: { id: string; name: string; role: string; revoked_at: unknown }[];
    }>('/ops/keys', { signal });
    const own = data.filter(
      (key) => key.revoked_at === null && ('id' in wanted ? key.id === wanted.id : key.name === wanted.key),
    );
    const [first] = own;
    return { count: own.length, sha256: first === undefined ? null : hashOf(`${first.name} ${first.role}`) };
  }

  async #findSetting(wanted: WantedWrite, signal: AbortSignal): Promise<FoundWrite> {
    const stores = await this.#pages<{ id: string; name: string }>('/v1/vector_stores', signal);
    const own = (stores ?? []).filter(({ id, name }) =>
      'id' in wanted ? id === wanted.id : name === wanted.key,
    );
    const [first] = own;
    return { count: own.length, sha256: first === undefined ? null : hashOf(first.name) };
  }

  /** @returns null where what the list belongs to is not there */
  async #pages<T extends { id: string }>(path: string, signal: AbortSignal): Promise<T[] | null> {
    const all: T[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const after = all.length === 0 ? '' : `&after=${all.at(-1)?.id}`;
      const { status, text } = await this.#client.send(`${path}?limit=${PAGE}&order=asc${after}`, { signal });
      if (status === 404) return null;
      if (status !== 200) throw new TargetError(`${status} ${text}`, status);
      const { data, has_more: hasMore } = JSON.parse(text) as { data: T[]; has_more: boolean };
      all.push(...data);
      if (!hasMore) return all;
    }
    throw new TargetError(`${path} has more than ${MAX_PAGES} pages`, null);
  }
}
