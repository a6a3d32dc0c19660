import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import { askAndFollow, type SeenAnswer } from '../support/response-reader.ts';
import type { Service } from '../support/service.ts';

/** Everything that the service has acknowledged, kept outside of it. */
export interface Acknowledged {
  answers: SeenAnswer[];
  /** Response ids by conversation, in the order in which they were acknowledged. */
  questions: { conversationId: string; responseId: string; question: string }[];
  documents: { id: string; sha256: string }[];
  /** The newest acknowledged title, and those whose outcome is unknown, by conversation. */
  titles: Map<string, { acknowledged: string; attempted: string[] }>;
}

const ANSWER_DEADLINE_MS = 120_000;

/** Load of several people and uploads until `signal` aborts; what is under way then is finished. */
export async function runWorkload(
  service: Service,
  random: Random,
  signal: AbortSignal,
  size: { askers: number; uploaders: number },
): Promise<Acknowledged> {
  const acknowledged: Acknowledged = { answers: [], questions: [], documents: [], titles: new Map() };
  const knowledgeBaseId = await insist(() => createKnowledgeBase(service));
  const askers = Array.from({ length: size.askers }, (_, index) => ask(service, index, acknowledged, signal));
  const uploaders = Array.from({ length: size.uploaders }, (_, index) =>
    upload(service, `${index}-${Math.floor(random.next() * 1e9)}`, knowledgeBaseId, acknowledged, signal),
  );
  await Promise.all([...askers, ...uploaders]);
  return acknowledged;
}

async function ask(
  service: Service,
  asker: number,
  acknowledged: Acknowledged,
  signal: AbortSignal,
): Promise<void> {
  const conversation = await insist(() => service.json<{ id: string }>('POST', '/v1/conversations', {}));
  for (let turn = 0; !signal.aborted; turn++) {
    const question = `第${asker}位的第${turn}个问题`;
    const answer = await askAndFollow(
      service,
      {
        model: 'budao',
        input: question,
        conversation: conversation.id,
        tools: [{ type: 'file_search', vector_store_ids: [] }],
      },
      {
        idempotencyKey: `asker-${asker}-turn-${turn}`,
        deadlineMs: ANSWER_DEADLINE_MS,
        onAcknowledged: (responseId) =>
          acknowledged.questions.push({ conversationId: conversation.id, responseId, question }),
      },
    );
    acknowledged.answers.push(answer);
    await rename(service, conversation.id, `标题 ${asker}-${turn}`, acknowledged);
  }
}

async function rename(
  service: Service,
  id: string,
  title: string,
  acknowledged: Acknowledged,
): Promise<void> {
  const known = acknowledged.titles.get(id) ?? { acknowledged: '', attempted: [] };
  acknowledged.titles.set(id, known);
  known.attempted.push(title);
  const response = await service.request('POST', `/v1/conversations/${id}`, { title }).catch(() => null);
  await response?.body?.cancel();
  if (response?.ok !== true) return;
  known.acknowledged = title;
  known.attempted = [];
}

async function upload(
  service: Service,
  uploader: string,
  knowledgeBaseId: string,
  acknowledged: Acknowledged,
  signal: AbortSignal,
): Promise<void> {
  for (let count = 0; !signal.aborted; count++) {
    const text = `# 规定 ${uploader}-${count}\n\n第一条 编号 ${uploader}-${count} 的职工每年享有 ${count + 5} 天假。\n`;
    const form = new FormData();
    form.append('file', new Blob([text]), `规定-${uploader}-${count}.md`);
    const response = await service
      .request('POST', `/v1/vector_stores/${knowledgeBaseId}/documents`, form)
      .catch(() => null);
    if (response?.ok === true) {
      const body = (await response.json().catch(() => null)) as { id: string } | null;
      if (body !== null)
        acknowledged.documents.push({ id: body.id, sha256: createHash('sha256').update(text).digest('hex') });
    } else {
      await response?.body?.cancel().catch(() => {});
    }
    await sleep(50);
  }
}

function createKnowledgeBase(service: Service): Promise<string> {
  return service
    .json<{ id: string }>('POST', '/v1/vector_stores', { name: '崩溃测试' })
    .then((created) => created.id);
}

/** Tries until the service has answered: set-up steps are not what is measured. */
export async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 200) throw error;
      await sleep(50);
    }
  }
}
