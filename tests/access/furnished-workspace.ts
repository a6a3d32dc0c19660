import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '../../src/access/principal.ts';
import type { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import type { Ids } from './route-table.ts';

/** A workspace with something of everything in it, all of it made by one person. */
export interface FurnishedWorkspace {
  ids: Ids;
  /** Stands in all texts and names here, and nowhere else. */
  secret: string;
  owner: Person;
}

export interface Person {
  id: string;
  /** An API key of the person with all of their rights. */
  key: string;
  /** A session's access token. */
  session: string;
}

interface WithId {
  id: string;
}

/** Requests as the holder of a credential; anything but success throws. */
export function caller(service: Service, credential: string, workspaceId?: string) {
  return async <T = WithId>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await service.request(method, path, body, {
      authorization: `Bearer ${credential}`,
      ...(workspaceId === undefined ? {} : { 'x-budao-workspace': workspaceId }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
}

export async function addPerson(
  service: Service,
  by: { credential: string; workspaceId?: string },
  username: string,
  role: Role,
): Promise<Person> {
  const call = caller(service, by.credential, by.workspaceId);
  const { id, password } = await call<{ id: string; password: string }>('POST', '/ops/users', {
    username,
    role,
  });
  const signedIn = await service.request('POST', '/auth/sign-in', { username, password });
  const { access_token: session } = (await signedIn.json()) as { access_token: string };
  const key = await call<{ key: string }>('POST', '/ops/keys', { name: `of ${username}`, role });
  // Only owners make keys: the others' are made for them, and belong to whoever made them.
  const own =
    role === 'owner'
      ? await caller(service, session)<{ key: string }>('POST', '/ops/keys', { name: username, role })
      : key;
  return { id, session, key: own.key };
}

/** A second workspace whose only member is its owner. */
export async function addWorkspace(service: Service, founder: Person, username: string) {
  const { id: workspaceId } = await caller(service, founder.session)('POST', '/ops/workspaces', {
    name: `of ${username}`,
  });
  const owner = await addPerson(service, { credential: founder.session, workspaceId }, username, 'owner');
  await caller(service, owner.session)('DELETE', `/ops/users/${founder.id}`);
  return { workspaceId, owner };
}

export async function furnish(
  service: Service,
  owner: Person,
  workspaceId: string,
  secret: string,
): Promise<FurnishedWorkspace> {
  const call = caller(service, owner.key);
  const upload = (path: string, name: string) => {
    const form = new FormData();
    form.append(
      'file',
      new Blob([`# Vault\n\nThe code of the vault is ${secret}. It changes monthly.\n`]),
      name,
    );
    return call('POST', path, form);
  };
  const knowledgeBase = await call('POST', '/v1/vector_stores', {
    name: `${secret} handbook`,
    is_default: true,
  });
  const file = await upload(`/v1/vector_stores/${knowledgeBase.id}/documents`, `${secret}.md`);
  const second = await upload('/v1/files', `${secret}-2.md`);
  const batch = await call('POST', `/v1/vector_stores/${knowledgeBase.id}/file_batches`, {
    file_ids: [second.id],
  });
  await untilIngested(call, knowledgeBase.id);
  const conversation = await call('POST', '/v1/conversations', { title: `About ${secret}` });
  const response = await call('POST', '/v1/responses', {
    model: 'extractive',
    input: `Is ${secret} the code of the vault?`,
    conversation: conversation.id,
  });
  await call('POST', `/v1/responses/${response.id}/feedback`, { rating: 'up', comment: secret });
  const items = await call<{ data: WithId[] }>('GET', `/v1/conversations/${conversation.id}/items`);
  const runs = await call<{ data: WithId[] }>('GET', '/ops/runs?kind=ingest');
  const running = await call('POST', '/v1/responses', { input: `Tell of ${secret}`, background: true });
  const user = await call('POST', '/ops/users', { username: `guest-${secret}`, role: 'reader' });
  const key = await call('POST', '/ops/keys', { name: `spare ${secret}`, role: 'editor' });
  await untilRunning(call, running.id);
  const golden = await call('POST', '/ops/golden-sets', {
    name: `of ${secret}`,
    knowledge_base_ids: [knowledgeBase.id],
  });
  const goldenQuestion = await call('POST', `/ops/golden-sets/${golden.id}/questions`, {
    question: {
      question: `Is ${secret} the code?`,
      facts: [[secret]],
      sources: [{ document: `${secret}.md` }],
    },
  });
  // Of retrieval alone: the answers of this workspace are those above.
  const evaluation = await call('POST', '/ops/evaluations', { golden_set: golden.id, answers: false });
  await until(async () => (await call<{ data: WithId[] }>('GET', '/ops/evaluations')).data.length > 0);
  return {
    secret,
    owner,
    ids: {
      conversation: conversation.id,
      item: items.data[0]?.id ?? '',
      response: response.id,
      running: running.id,
      ingest: runs.data[0]?.id ?? '',
      knowledgeBase: knowledgeBase.id,
      file: file.id,
      batch: batch.id,
      user: user.id,
      key: key.id,
      workspace: workspaceId,
      goldenSet: golden.id,
      goldenQuestion: goldenQuestion.id,
      evaluation: evaluation.id,
    },
  };
}

type Call = ReturnType<typeof caller>;

async function untilIngested(call: Call, knowledgeBaseId: string): Promise<void> {
  await until(async () => {
    const { data } = await call<{ data: { status: string }[] }>(
      'GET',
      `/v1/vector_stores/${knowledgeBaseId}/files`,
    );
    if (data.length === 2 && data.every((file) => file.status === 'completed')) return true;
    await sleep(50);
    return false;
  });
}

async function untilRunning(call: Call, id: string): Promise<void> {
  await until(async () => {
    const response = await call<{ status: string; output_text?: string }>('GET', `/v1/responses/${id}`);
    if (response.status === 'in_progress') return true;
    if (response.status !== 'queued') throw new Error(`the running answer is ${response.status}`);
    await sleep(50);
    return false;
  });
}
