import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Service } from '../support/service.ts';
import { expectError } from './expect-error.ts';
import { StoredBefore } from './stored-before.ts';

let service: Service;
let before: StoredBefore;

beforeAll(async () => {
  service = await Service.start();
  before = await StoredBefore.create(service);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const CONTROLS = [
  { name: 'a NUL', text: 'a\u0000b', isBreak: false },
  { name: 'an escape sequence', text: 'a\u001b[31mb', isBreak: false },
  { name: 'a bell', text: 'a\u0007', isBreak: false },
  { name: 'a delete', text: 'a\u007fb', isBreak: false },
  { name: 'a control of the upper half', text: 'a\u0085b', isBreak: false },
  { name: 'a line break', text: 'a\nb', isBreak: true },
  { name: 'a tab', text: 'a\tb', isBreak: true },
];

interface Place {
  name: string;
  path: () => string;
  method?: string;
  body: (text: string) => object;
  param: string | RegExp;
  /** What may have several lines takes tabs and line breaks. */
  hasLines?: true;
}

const base = () => `/v1/vector_stores/${before.knowledgeBaseId}`;
const stores = () => '/v1/vector_stores';
const conversation = () => `/v1/conversations/${before.conversationId}`;
const key = (param: string): RegExp => new RegExp(`^${param}\\.a\\\\u00[0-9a-f]{2}`);

const PLACES: Place[] = [
  { name: 'the name of a knowledge base', path: stores, body: (name) => ({ name }), param: 'name' },
  { name: 'a new name of a knowledge base', path: base, body: (name) => ({ name }), param: 'name' },
  {
    name: 'the description of a knowledge base',
    path: stores,
    body: (description) => ({ name: 'x', description }),
    param: 'description',
    hasLines: true,
  },
  {
    name: 'metadata of a knowledge base',
    path: stores,
    body: (note) => ({ name: 'x', metadata: { note } }),
    param: 'metadata.note',
    hasLines: true,
  },
  {
    name: 'a key of metadata',
    path: stores,
    body: (text) => ({ name: 'x', metadata: { [text]: 'x' } }),
    param: key('metadata'),
  },
  {
    name: 'an attribute of a document',
    path: () => `${base()}/files/${before.documentId}`,
    body: (note) => ({ attributes: { note } }),
    param: 'attributes.note',
    hasLines: true,
  },
  {
    name: 'the name of an attribute',
    path: () => `${base()}/files/${before.documentId}`,
    body: (text) => ({ attributes: { [text]: 1 } }),
    param: key('attributes'),
  },
  {
    name: 'an attribute of a document that is added',
    path: () => `${base()}/files`,
    body: (note) => ({ file_id: before.documentId, attributes: { note } }),
    param: 'attributes.note',
    hasLines: true,
  },
  {
    name: 'the title of a new conversation',
    path: () => '/v1/conversations',
    body: (title) => ({ title }),
    param: 'title',
  },
  { name: 'the title of a conversation', path: conversation, body: (title) => ({ title }), param: 'title' },
  {
    name: 'metadata of a conversation',
    path: conversation,
    body: (note) => ({ metadata: { note } }),
    param: 'metadata.note',
    hasLines: true,
  },
  {
    name: 'metadata of a question',
    path: () => '/v1/responses',
    body: (note) => ({ input: '问', model: 'extractive', metadata: { note } }),
    param: 'metadata.note',
    hasLines: true,
  },
];

describe.each(PLACES)('$name', ({ path, body, param, hasLines }) => {
  test.each(CONTROLS)('with $name', async ({ text, isBreak }) => {
    const response = await service.request('POST', path(), body(text));
    if (isBreak && hasLines === true) {
      expect(response.status).toBe(200);
      return;
    }
    const { error } = (await response.clone().json()) as { error: { param: string } };
    const message = await expectError(response, { status: 400, code: 'invalid_value' });
    expect(message).toMatch(/must hold no control characters/);
    expect(error.param).toEqual(typeof param === 'string' ? param : expect.stringMatching(param));
    expect(error.param).not.toMatch(/\p{Cc}/u);
  });
});

test.each(CONTROLS)('the name of an API key with $name', async ({ text }) => {
  const response = await service.request('POST', '/ops/keys', { name: text, role: 'reader' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ param: 'name', detail: expect.stringMatching(/control/) });
});

/** By hand: a form that a library makes has such names cleaned or escaped already. */
function sendNamed(filename: string, path: string): Promise<Response> {
  const head = `--b\r\ncontent-disposition: form-data; name="file"; filename="${filename}"\r\n\r\n`;
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.apiKey}`,
      'content-type': 'multipart/form-data; boundary=b',
    },
    body: `${head}交接记录\r\n--b--\r\n`,
  });
}

// A line break ends the header, so that no form can carry one in a name.
describe.each(CONTROLS.filter(({ text }) => !text.includes('\n')))(
  'a file whose name holds $name',
  ({ text }) => {
    test('is refused before anything is stored', async () => {
      const count = async () => (await service.json<{ data: unknown[] }>('GET', '/v1/files')).data.length;
      const files = await count();
      for (const path of ['/v1/files', `${base()}/documents`]) {
        const refused = await sendNamed(`${text}.txt`, path);
        const message = await expectError(refused, { status: 400, code: 'invalid_value', param: 'file' });
        expect(message).toMatch(/Rename the file/);
      }
      expect(await count()).toBe(files);
    });
  },
);
