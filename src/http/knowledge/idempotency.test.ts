import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { form, type KnowledgeServer, openKnowledgeServer, post, type Reply } from './testing.ts';

let server: KnowledgeServer;
let base: string;
let keys = 0;

beforeAll(async () => {
  server = await openKnowledgeServer();
  server.knowledge.startWorker();
  const { body } = await server.send('/v1/vector_stores', post({ name: '制度' }));
  base = `/v1/vector_stores/${body.id}`;
});
afterAll(() => server[Symbol.asyncDispose]());

const newKey = (): string => `key-${++keys}`;

function send(path: string, init: RequestInit, key: string): Promise<{ status: number; body: Reply }> {
  return server.send(path, { ...init, headers: { ...init.headers, 'idempotency-key': key } });
}
const count = async (path: string): Promise<number> => (await server.send(path)).body.data.length;
const upload = (text: string, name = 'a.md') => form({ file: new File([text], name), attributes: '{"n":1}' });
const newFile = async (text: string): Promise<string> =>
  (await server.send('/v1/files', form({ file: new File([text], 'f.md') }))).body.id;

describe('an upload to a knowledge base that is sent again with its Idempotency-Key', () => {
  it('gives the document that the first one made, also once that is ready', async () => {
    const key = newKey();
    const first = await send(`${base}/documents`, upload('# 年假\n\n十五天。\n'), key);
    const [files, members] = [await count('/v1/files'), await count(`${base}/files`)];
    const again = await send(`${base}/documents`, upload('# 年假\n\n十五天。\n'), key);
    expect([again.status, again.body.id, again.body.run_id]).toEqual([200, first.body.id, first.body.run_id]);
    await server.knowledge.settled(first.body.vector_store_id, first.body.id);
    const late = await send(`${base}/documents`, upload('# 年假\n\n十五天。\n'), key);
    expect(late.body).toMatchObject({ id: first.body.id, status: 'completed' });
    expect([await count('/v1/files'), await count(`${base}/files`)]).toEqual([files, members]);
  });

  it('is made once where the same is sent many times at once', async () => {
    const key = newKey();
    const members = await count(`${base}/files`);
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => send(`${base}/documents`, upload('# 病假\n'), key)),
    );
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect(await count(`${base}/files`)).toBe(members + 1);
  });

  it('is refused with another file, name or field under the same key', async () => {
    const key = newKey();
    await send(`${base}/documents`, upload('# 加班\n'), key);
    for (const other of [
      upload('# 调休\n'),
      upload('# 加班\n', 'b.md'),
      form({ file: new File(['# 加班\n'], 'a.md') }),
    ]) {
      const { status, body } = await send(`${base}/documents`, other, key);
      expect([status, body.error.code]).toEqual([422, 'idempotency_key_reused']);
    }
  });
});

describe('adding a file that is sent again with its Idempotency-Key', () => {
  it('does not read the document again, and gives what the first one gave', async () => {
    const [key, file_id] = [newKey(), await newFile('# 报销\n')];
    const first = await send(`${base}/files`, post({ file_id }), key);
    await server.knowledge.settled(first.body.vector_store_id, file_id);
    const again = await send(`${base}/files`, post({ file_id }), key);
    expect(again.body).toMatchObject({ id: file_id, status: 'completed', run_id: first.body.run_id });
    const anew = await send(`${base}/files`, post({ file_id }), newKey());
    expect(anew.body.run_id).not.toBe(first.body.run_id);
  });

  it('is refused for another file, other attributes or as an upload under the same key', async () => {
    const [key, file_id] = [newKey(), await newFile('# 采购\n')];
    await send(`${base}/files`, post({ file_id }), key);
    for (const [path, other] of [
      [`${base}/files`, post({ file_id: await newFile('# 招标\n') })],
      [`${base}/files`, post({ file_id, attributes: { n: 2 } })],
      [`${base}/documents`, upload('# 采购\n')],
    ] as const) {
      const { status, body } = await send(path, other, key);
      expect([status, body.error.code]).toEqual([422, 'idempotency_key_reused']);
    }
  });

  it('is refused with a key that is none', async () => {
    const { status, body } = await send(`${base}/files`, post({ file_id: 'x' }), 'k'.repeat(256));
    expect([status, body.error.code]).toEqual([400, 'invalid_idempotency_key']);
  });

  it('says that the document has left where it was taken out meanwhile', async () => {
    const [key, file_id] = [newKey(), await newFile('# 值班\n')];
    await send(`${base}/files`, post({ file_id }), key);
    await server.send(`${base}/files/${file_id}`, { method: 'DELETE' });
    const { status, body } = await send(`${base}/files`, post({ file_id }), key);
    expect([status, body.error.code]).toEqual([404, 'document_not_in_knowledge_base']);
  });
});
