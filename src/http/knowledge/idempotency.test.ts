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

describe('anything else that is made with an Idempotency-Key', () => {
  const uploadFile = (text: string, name = 'f.md') =>
    form({ file: new File([text], name), purpose: 'user_data' });
  const cases = [
    {
      what: 'a file',
      path: () => '/v1/files',
      body: async () => uploadFile('# 印章\n'),
      other: async () => uploadFile('# 公章\n'),
    },
    {
      what: 'a knowledge base',
      path: () => '/v1/vector_stores',
      body: async (file: string) => post({ name: '两次', file_ids: [file] }),
      other: async (file: string) => post({ name: '三次', file_ids: [file] }),
    },
    {
      what: 'a batch',
      path: () => `${base}/file_batches`,
      body: async (file: string) => post({ file_ids: [file] }),
      other: async (file: string) => post({ file_ids: [file], attributes: { n: 1 } }),
    },
  ];

  for (const { what, path, body, other } of cases) {
    it(`${what} is made once, also where the same is sent many times at once, and another body is refused`, async () => {
      const [key, file] = [newKey(), await newFile(`# ${what}\n`)];
      const replies = await Promise.all(
        Array.from({ length: 4 }, async () => send(path(), await body(file), key)),
      );
      expect(new Set(replies.map(({ status, body: { id } }) => `${status} ${id}`)).size).toBe(1);
      const [first] = replies as [(typeof replies)[0]];
      expect(first.status).toBe(200);
      expect((await send(path(), await body(file), key)).body).toMatchObject({ id: first.body.id });
      const refused = await send(path(), await other(file), key);
      expect([refused.status, refused.body.error.code]).toEqual([422, 'idempotency_key_reused']);
      expect((await send(path(), await body(file), newKey())).body.id).not.toBe(first.body.id);
    });
  }

  it('is not read twice where a batch is sent again', async () => {
    const [key, file] = [newKey(), await newFile('# 读一次\n')];
    const { body: first } = await send(`${base}/file_batches`, post({ file_ids: [file] }), key);
    await server.knowledge.settled(first.vector_store_id, file);
    const runOf = async () => (await server.send(`${base}/files/${file}`)).body.run_id;
    const run = await runOf();
    const again = await send(`${base}/file_batches`, post({ file_ids: [file] }), key);
    expect(again.body).toMatchObject({ id: first.id, status: 'completed' });
    expect(await runOf()).toBe(run);
  });

  it('is another thing in another workspace', async () => {
    const key = newKey();
    const inWorkspace = (workspace: string) =>
      send(
        '/v1/files',
        { ...uploadFile('# 各自\n'), headers: { authorization: `Bearer ${workspace}` } },
        key,
      );
    const [here, there] = [await inWorkspace('ws_one'), await inWorkspace('ws_two')];
    expect([here.status, there.status]).toEqual([200, 200]);
    expect(here.body.id).not.toBe(there.body.id);
  });

  it('is there when the client asks again after a process that stored it died before it could answer', async () => {
    const key = newKey();
    const dying = await openKnowledgeServer({ beside: server.knowledge });
    const headers = { 'idempotency-key': key };
    await expect(
      fetch(`${dying.url}/v1/files`, { ...uploadFile('# 断电\n', 'cut.md'), headers }),
    ).rejects.toThrow();
    await dying.app.close();
    const { body } = await server.send('/v1/files');
    const stored = body.data.filter(({ filename }: Reply) => filename === 'cut.md');
    expect(stored).toHaveLength(1);
    const again = await send('/v1/files', uploadFile('# 断电\n', 'cut.md'), key);
    expect([again.status, again.body.id]).toEqual([200, stored[0].id]);
  });

  it('says that it is gone where it was deleted meanwhile', async () => {
    const key = newKey();
    const { body: file } = await send('/v1/files', uploadFile('# 已删\n'), key);
    await server.send(`/v1/files/${file.id}`, { method: 'DELETE' });
    const { status, body } = await send('/v1/files', uploadFile('# 已删\n'), key);
    expect([status, body.error.code]).toEqual([404, 'document_not_found']);
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
