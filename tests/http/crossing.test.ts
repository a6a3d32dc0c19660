import { expect, test } from 'vitest';
import { AnswerServer } from '../support/answer-server.ts';

/** Every documented route that names something by id, tried on what belongs to another workspace or another person. */
test('no route about answers, conversations or runs shows or changes what belongs to others', async () => {
  await using server = await AnswerServer.start();
  const client = server.client();
  const conversation = await client.conversations.create();
  const response = await client.responses.create({
    model: 'budao',
    input: 'secret',
    conversation: conversation.id,
  });
  const items = await client.conversations.items.list(conversation.id);
  const ids: Record<string, string> = {
    '/v1/responses/': response.id,
    '/v1/conversations/': conversation.id,
    '/ops/runs/': response.id,
  };
  const before = await client.conversations.items.list(conversation.id);
  const tried: string[] = [];
  for (const [path, method] of await routesById(server)) {
    const prefix = Object.keys(ids).find((known) => path.startsWith(known));
    if (prefix === undefined) continue;
    const url = path.replace('{id}', ids[prefix] ?? '').replace('{item}', items.data[0]?.id ?? '');
    const isRun = prefix === '/ops/runs/';
    // A person of the same workspace whose role is too low for runs is turned away before that.
    for (const [key, expected] of [
      ['key-carol', [404]],
      ['key-bob', isRun ? [403] : [404]],
    ] as const) {
      const reply = await server.fetch(url, {
        method,
        key,
        ...(method === 'POST' ? { json: bodyFor(path) } : {}),
      });
      const text = await reply.text();
      expect(expected, `${method} ${path} as ${key}: ${text}`).toContain(reply.status);
      expect(text).not.toContain('secret');
    }
    tried.push(`${method} ${path}`);
  }
  expect(tried.length).toBe(16);
  expect((await client.conversations.items.list(conversation.id)).data).toEqual(before.data);
  expect((await client.responses.retrieve(response.id)).status).toBe('completed');
});

test('lists hold only what is the caller’s own', async () => {
  await using server = await AnswerServer.start();
  const conversation = await server.client().conversations.create();
  await server.client().responses.create({ model: 'budao', input: 'q', conversation: conversation.id });
  const count = async (path: string, key: string) =>
    ((await (await server.fetch(path, { key })).json()) as { data: unknown[] }).data.length;
  expect(await count('/v1/conversations', 'key-alice')).toBe(1);
  expect(await count('/v1/conversations', 'key-bob')).toBe(0);
  expect(await count('/v1/conversations?query=q', 'key-carol')).toBe(0);
  expect(await count('/ops/runs', 'key-alice')).toBe(1);
  expect(await count('/ops/runs', 'key-carol')).toBe(0);
});

async function routesById(server: AnswerServer): Promise<[path: string, method: string][]> {
  const document = (await (await server.fetch('/openapi.json')).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(document.paths)
    .filter(([path]) => path.includes('{id}'))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method): [string, string] => [path, method.toUpperCase()]),
    );
}

function bodyFor(path: string): object {
  if (path.endsWith('/feedback')) return { rating: 'up' };
  if (path.endsWith('/items')) return { items: [{ role: 'user', content: 'intruder' }] };
  if (path.endsWith('/cancel')) return {};
  return { title: 'intruder' };
}
