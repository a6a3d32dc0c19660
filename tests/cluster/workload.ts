/** People at work on a cluster: they ask, read what others read, change titles, and bring and remove documents. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { History, Operation } from '../support/history/history.ts';
import type { Random } from '../support/random.ts';
import { ClusterClient } from './client.ts';

const ANSWER_DEADLINE_MS = 120_000;
const TURNS_PER_CONVERSATION = 15;
const READ_EVERY_MS = 400;
const UPLOAD_EVERY_MS = 1_500;
const KEPT_DOCUMENTS = 20;

export interface Workload {
  history: History;
  /** How each answer ended. */
  endings: Map<string, string>;
  clients: ClusterClient[];
  /** Of answers that are being written, or were a moment ago. */
  current: string[];
  conversations: string[];
}

/**
 * Until `signal` aborts; what is under way then is finished.
 *
 * @param parts.label in the names of all clients, so that no other load on the same service repeats their keys
 */
export async function runWorkload(
  parts: { urls: readonly string[]; history: History; random: Random; label: string },
  signal: AbortSignal,
  size: { askers: number; uploaders: number; readers: number },
): Promise<Workload> {
  const { urls, history, random, label } = parts;
  const work: Workload = { history, endings: new Map(), clients: [], current: [], conversations: [] };
  const clientAt = (name: string, first: number): ClusterClient => {
    const client = new ClusterClient(`${label}-${name}`, urls, first);
    work.clients.push(client);
    return client;
  };
  const knowledgeBase = await clientAt('owner', 0).insist<{ id: string }>('POST', '/v1/vector_stores', {
    name: '集群测试',
  });
  const many = (count: number, start: (index: number) => Promise<void>): Promise<void>[] =>
    Array.from({ length: count }, (_, index) => start(index));
  await Promise.all([
    ...many(size.askers, (index) => ask(clientAt(`asker-${index}`, index), work, signal)),
    ...many(size.uploaders, (index) =>
      bring(clientAt(`uploader-${index}`, index), work, knowledgeBase.id, signal),
    ),
    ...many(size.readers, (index) => read(clientAt(`reader-${index}`, index), work, random, signal)),
  ]);
  return work;
}

async function ask(client: ClusterClient, work: Workload, signal: AbortSignal): Promise<void> {
  let conversationId = '';
  for (let turn = 0; !signal.aborted; turn++) {
    if (turn % TURNS_PER_CONVERSATION === 0) {
      conversationId = (await client.insist<{ id: string }>('POST', '/v1/conversations', {})).id;
      work.conversations.push(conversationId);
    }
    const key = `${client.name} turn ${turn}`;
    const operation: Operation = {
      kind: 'ask',
      conversationId,
      question: key,
      responseId: null,
      startedMs: performance.now(),
      endedMs: Infinity,
    };
    work.history.add(operation);
    const body = {
      model: 'budao',
      input: key,
      conversation: conversationId,
      tools: [{ type: 'file_search', vector_store_ids: [] }],
    };
    const { responseId, status } = await client.ask(work.history, body, {
      key,
      deadlineMs: ANSWER_DEADLINE_MS,
      onAcknowledged: (id) => {
        Object.assign(operation, { responseId: id, endedMs: performance.now() });
        work.current.push(id);
      },
    });
    work.endings.set(responseId, status);
    work.current = work.current
      .filter((id) => id !== responseId)
      .concat(work.current.length > 8 ? [] : [responseId]);
    await rename(client, work, conversationId, `标题 ${key}`);
  }
}

async function rename(client: ClusterClient, work: Workload, id: string, title: string): Promise<void> {
  const operation: Operation = {
    kind: 'write',
    register: id,
    value: title,
    startedMs: performance.now(),
    endedMs: Infinity,
  };
  work.history.add(operation);
  const reply = await client.once('POST', `/v1/conversations/${id}`, { title });
  if (reply?.status === 200) operation.endedMs = performance.now();
}

async function bring(
  client: ClusterClient,
  work: Workload,
  knowledgeBaseId: string,
  signal: AbortSignal,
): Promise<void> {
  const kept: string[] = [];
  for (let count = 0; !signal.aborted; count++) {
    const text = `# 规定 ${client.name}-${count}\n\n第一条 编号 ${count} 的职工每年享有 ${count + 5} 天假。\n`;
    const form = new FormData();
    form.append('file', new Blob([text]), `规定-${client.name}-${count}.md`);
    const startedMs = performance.now();
    const reply = await client.once('POST', `/v1/vector_stores/${knowledgeBaseId}/documents`, form);
    if (reply !== null && reply.status < 300) {
      const documentId = (JSON.parse(reply.text) as { id: string }).id;
      const sha256 = createHash('sha256').update(text).digest('hex');
      work.history.add({ kind: 'upload', documentId, sha256, startedMs, endedMs: performance.now() });
      kept.push(documentId);
    }
    if (kept.length > KEPT_DOCUMENTS) await remove(client, work, kept.shift() as string);
    await sleep(UPLOAD_EVERY_MS);
  }
}

async function remove(client: ClusterClient, work: Workload, documentId: string): Promise<void> {
  const operation: Operation = {
    kind: 'delete',
    documentId,
    startedMs: performance.now(),
    endedMs: Infinity,
  };
  work.history.add(operation);
  const reply = await client.once('DELETE', `/v1/files/${documentId}`);
  if (reply?.status === 200) operation.endedMs = performance.now();
}

async function read(
  client: ClusterClient,
  work: Workload,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(READ_EVERY_MS);
    // Another node each time: what one has shown, all have to know.
    client.moveOn();
    if (work.current.length > 0) await readAnswer(client, work.history, random.pick(work.current));
    client.moveOn();
    if (work.conversations.length > 0) {
      await readConversation(client, work.history, random.pick(work.conversations.slice(-10)));
    }
    if (random.next() < 0.3) await listDocuments(client, work.history);
  }
}

export async function readAnswer(client: ClusterClient, history: History, responseId: string): Promise<void> {
  const startedMs = performance.now();
  const reply = await client.once('GET', `/v1/responses/${responseId}`);
  const times = { startedMs, endedMs: performance.now() };
  if (reply?.status === 404)
    history.add({ kind: 'answer', responseId, status: 'missing', text: '', ...times });
  if (reply?.status !== 200) return;
  const { status, output } = JSON.parse(reply.text) as {
    status: string;
    output: { type: string; content?: { text?: string }[] }[];
  };
  const message = output.find((item) => item.type === 'message');
  history.add({ kind: 'answer', responseId, status, text: message?.content?.[0]?.text ?? '', ...times });
}

interface Page<T> {
  data: T[];
  has_more: boolean;
}

/** @returns null when a part of it could not be read */
async function readPages<T extends { id: string }>(client: ClusterClient, path: string): Promise<T[] | null> {
  const all: T[] = [];
  for (;;) {
    const after = all.length === 0 ? '' : `&after=${all.at(-1)?.id}`;
    const reply = await client.once('GET', `${path}?limit=100&order=asc${after}`);
    if (reply?.status !== 200) return null;
    const page = JSON.parse(reply.text) as Page<T>;
    all.push(...page.data);
    if (!page.has_more) return all;
  }
}

export async function readConversation(client: ClusterClient, history: History, id: string): Promise<void> {
  const startedMs = performance.now();
  const items = await readPages<{ id: string; role: string; content: { text?: string }[] }>(
    client,
    `/v1/conversations/${id}/items`,
  );
  if (items !== null) {
    const shown = items.map((item) => ({ id: item.id, role: item.role, text: item.content[0]?.text ?? '' }));
    history.add({ kind: 'items', conversationId: id, items: shown, startedMs, endedMs: performance.now() });
  }
  const titleMs = performance.now();
  const reply = await client.once('GET', `/v1/conversations/${id}`);
  if (reply?.status !== 200) return;
  const { title } = JSON.parse(reply.text) as { title: string | null };
  history.add({ kind: 'read', register: id, value: title, startedMs: titleMs, endedMs: performance.now() });
}

export async function listDocuments(client: ClusterClient, history: History): Promise<void> {
  const startedMs = performance.now();
  const documents = await readPages<{ id: string }>(client, '/v1/files');
  if (documents === null) return;
  const documentIds = documents.map((document) => document.id);
  history.add({ kind: 'documents', documentIds, startedMs, endedMs: performance.now() });
}

/** What came in before the end of the load is there, with its own content. */
export async function readDocuments(client: ClusterClient, history: History): Promise<void> {
  const gone = new Set(history.of('delete').map((deletion) => deletion.documentId));
  for (const { documentId } of history.of('upload')) {
    if (documentId === null || gone.has(documentId)) continue;
    const startedMs = performance.now();
    const reply = await client.once('GET', `/v1/files/${documentId}/content`);
    if (reply === null || (reply.status !== 200 && reply.status !== 404)) {
      throw new Error(`the content of ${documentId} cannot be read: ${JSON.stringify(reply)}`);
    }
    const sha256 = reply.status === 200 ? createHash('sha256').update(reply.text).digest('hex') : null;
    history.add({ kind: 'content', documentId, sha256, startedMs, endedMs: performance.now() });
  }
}
