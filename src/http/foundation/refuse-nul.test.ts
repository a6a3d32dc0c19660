import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerServer } from '../../../tests/support/answer-server.ts';
import { form, type KnowledgeServer, openKnowledgeServer, post } from '../knowledge/testing.ts';

let answers: AnswerServer;
let knowledge: KnowledgeServer;
let conversation: string;
let base: string;
const headers = { authorization: 'Bearer key-alice' };

beforeAll(async () => {
  answers = await AnswerServer.start();
  knowledge = await openKnowledgeServer();
  conversation = (await answers.client().conversations.create({})).id;
  base = (await knowledge.send('/v1/vector_stores', post({ name: '制度' }))).body.id;
});
afterAll(async () => {
  await answers[Symbol.asyncDispose]();
  await knowledge[Symbol.asyncDispose]();
});

async function refusal(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`${answers.baseUrl.replace(/\/v1$/, '')}${path}`, {
    ...init,
    headers: { ...headers, ...init.headers },
  });
  const { error } = (await response.json()) as { error: { code: string; param: string; message: string } };
  return [response.status, error.code, error.param, /character (\d+) is a NUL/.exec(error.message)?.[1]];
}

const message = (content: unknown) => ({ type: 'message', role: 'user', content });

describe('a NUL, which only some ledgers could keep, is refused by its place', () => {
  const cases: [what: string, path: () => string, body: object, param: string, at: string][] = [
    ['a question', () => '/v1/responses', { input: '年假\0几天' }, 'input', '3'],
    [
      'a message of a question',
      () => '/v1/responses',
      { input: [message([{ type: 'input_text', text: '\0' }])] },
      'input.0.content.0.text',
      '1',
    ],
    [
      'the id of a conversation',
      () => '/v1/responses',
      { input: 'q', conversation: 'c\0' },
      'conversation',
      '2',
    ],
    [
      'a chat',
      () => '/v1/chat/completions',
      { model: 'm', messages: [message('a\0')] },
      'messages.0.content',
      '2',
    ],
    ['a new conversation', () => '/v1/conversations', { items: [message('a\0')] }, 'items.0.content', '2'],
    [
      'an item',
      () => `/v1/conversations/${conversation}/items`,
      { items: [message('fine'), message('ab\0')] },
      'items.1.content',
      '3',
    ],
  ];
  it.each(cases)('in %s', async (_what, path, body, param, at) => {
    expect(await refusal(path(), post(body))).toEqual([400, 'invalid_value', param, at]);
  });

  it('in an address', async () => {
    expect(await refusal('/v1/conversations/a%00')).toEqual([400, 'invalid_value', 'id', '2']);
    expect(await refusal('/v1/conversations?query=%00')).toEqual([400, 'invalid_value', 'query', '1']);
    expect(await refusal('/v1/conversations?after=conv%00')).toEqual([400, 'invalid_value', 'after', '5']);
  });

  it('in what is searched for, and in the fields of a form', async () => {
    const search = await knowledge.send(`/v1/vector_stores/${base}/search`, post({ query: 'a\0' }));
    expect([search.status, search.body.error.param]).toEqual([400, 'query']);
    const fields = { file: new File(['# a\n'], 'a.md'), replaces: 'file\0' };
    const upload = await knowledge.send(`/v1/vector_stores/${base}/documents`, form(fields));
    expect([upload.status, upload.body.error.param]).toEqual([400, 'replaces']);
  });
});

describe('other control characters, which nobody sees', () => {
  it('go from questions and messages, as they do from documents', async () => {
    const { id } = await answers.client().conversations.create({});
    await answers
      .client()
      .responses.create({ model: 'm', input: '年\u001b[1m假\f几\u0007天\t\r\n?', conversation: id });
    await answers.client().conversations.items.create(id, {
      items: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a\u0085b\u007f' }] }],
    });
    const page = await answers.client().conversations.items.list(id, { order: 'asc' });
    const texts = page.data.map((item) => (item as { content: { text: string }[] }).content[0]?.text);
    expect([texts[0], texts[2]]).toEqual(['年[1m假\n几天\t\r\n?', 'a\nb']);
  });
});
