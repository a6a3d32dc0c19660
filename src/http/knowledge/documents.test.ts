import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { form, type KnowledgeServer, openKnowledgeServer, post, type Reply } from './testing.ts';

const OLD = '# 报销制度\n\n## 第一条\n\n差旅报销须在三十日内提交。\n';
const NEW = '# 报销制度\n\n## 第一条\n\n差旅报销须在十五日内提交。\n';

describe('documents of a knowledge base', () => {
  let server: KnowledgeServer;
  let base: string;

  const upload = async (fields: Record<string, string | File>): Promise<Reply> => {
    const { status, body } = await server.send(`${base}/documents`, form(fields));
    expect(status, JSON.stringify(body)).toBe(200);
    await server.knowledge.settled(body.vector_store_id, body.id);
    return body;
  };

  beforeAll(async () => {
    server = await openKnowledgeServer();
    server.knowledge.startWorker();
    const { body } = await server.send('/v1/vector_stores', post({ name: '制度', description: '财务' }));
    base = `/v1/vector_stores/${body.id}`;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('uploads and adds in one step, with fields before or after the file', async () => {
    const attributes = '{"dept":"finance","pages":3}';
    const before = await upload({ attributes, file: new File([OLD], 'a.md') });
    const after = await upload({ file: new File([NEW], 'b.md'), attributes });
    for (const body of [before, after]) {
      const described = await server.send(`${base}/files/${body.id}`);
      expect(described.body).toMatchObject({
        status: 'completed',
        attributes: { dept: 'finance', pages: 3 },
      });
      await server.send(`${base}/files/${body.id}`, { method: 'DELETE' });
    }
  });

  it('replaces a document: the old one answers until the new one is ready, then only the new one does', async () => {
    const old = await upload({ file: new File([OLD], '报销.md') });
    const fresh = await upload({ replaces: old.id, file: new File([NEW], '报销.md') });
    const { body } = await server.send(`${base}/search`, post({ query: '差旅报销几日内提交' }));
    expect(body.data.map((hit: Reply) => hit.file_id)).toEqual([fresh.id]);
    expect(body).toMatchObject({ mode: 'full', search_query: ['差旅报销几日内提交'] });
    expect(body.data[0]).toMatchObject({ article: '第一条', heading_path: ['报销制度', '第一条'] });
    expect((await server.send(`${base}/files/${old.id}`)).status).toBe(404);
    // The old file itself stays, for answers that cite it.
    expect((await server.send(`/v1/files/${old.id}`)).status).toBe(200);
  });

  it('shows the text and the chunks whose offsets point into it', async () => {
    const { id } = await upload({ file: new File([`${OLD}\n## 第二条\n\n发票须真实有效。\n`], 'c.md') });
    const { body: text } = await server.send(`/v1/files/${id}/text`);
    expect(text).toMatchObject({ id, filename: 'c.md', format: 'markdown' });
    const { body: first } = await server.send(`${base}/files/${id}/chunks?limit=1`);
    expect(first.has_more).toBe(true);
    const { body: rest } = await server.send(
      `${base}/files/${id}/chunks?after=${encodeURIComponent(first.last_id)}`,
    );
    const lost = await server.send(`${base}/files/${id}/chunks?after=nowhere`);
    expect([lost.status, lost.body.error.code]).toEqual([400, 'invalid_cursor']);
    const chunks = [...first.data, ...rest.data];
    expect(chunks.map((chunk: Reply) => chunk.ordinal)).toEqual(chunks.map((_, ordinal) => ordinal));
    for (const chunk of chunks) expect(text.text.slice(chunk.start, chunk.end)).toBe(chunk.text);
  });

  it('says of every file where it is used, until it is taken out there or deleted everywhere', async () => {
    const holdersOf = async (id: string): Promise<unknown> => {
      const { body: list } = await server.send('/v1/files');
      const listed = list.data.find((file: Reply) => file.id === id);
      expect((await server.send(`/v1/files/${id}`)).body.vector_store_ids).toEqual(listed?.vector_store_ids);
      return listed?.vector_store_ids;
    };
    const { body: unused } = await server.send('/v1/files', form({ file: new File([OLD], 'unused.md') }));
    expect([unused.vector_store_ids, await holdersOf(unused.id)]).toEqual([[], []]);
    const { body: other } = await server.send('/v1/vector_stores', post({ name: 'other' }));
    const { id, vector_store_id: storeId } = await upload({ file: new File([OLD], 'used.md') });
    await server.send(`/v1/vector_stores/${other.id}/files`, post({ file_id: id }));
    expect(await holdersOf(id)).toEqual(expect.arrayContaining([storeId, other.id]));
    await server.send(`/v1/vector_stores/${other.id}`, { method: 'DELETE' });
    expect(await holdersOf(id)).toEqual([storeId]);
    await server.send(`${base}/files/${id}`, { method: 'DELETE' });
    expect(await holdersOf(id)).toEqual([]);
    expect((await server.send(`/v1/files/${id}`, { method: 'DELETE' })).body.deleted).toBe(true);
    expect(await holdersOf(id)).toBeUndefined();
  });

  it('reads a document anew, and rebuilds the index', async () => {
    const { id, vector_store_id: storeId } = await upload({ file: new File([OLD], 'd.md') });
    const again = await server.send(`${base}/files/${id}/reingest`, post({}));
    expect(again.body).toMatchObject({ id, status: 'in_progress', progress: { phase: 'queued' } });
    expect(again.headers.get('openai-poll-after-ms')).toBe('500');
    expect((await server.knowledge.settled(storeId, id)).status).toBe('completed');
    const rebuilt = await server.send(`${base}/rebuild`, { method: 'POST' });
    expect(rebuilt.body.run_id).toMatch(/^run_/);
  });

  it('makes another knowledge base the default, and says whose text is not there yet', async () => {
    const { body } = await server.send('/v1/vector_stores', post({ name: 'IT', is_default: true }));
    expect(body.is_default).toBe(true);
    expect((await server.send(base)).body.is_default).toBe(false);
    expect((await server.send(base, post({ is_default: true, description: null }))).body).toMatchObject({
      is_default: true,
      description: null,
    });
    const { body: file } = await server.send('/v1/files', form({ file: new File(['x'], 'x.md') }));
    const text = await server.send(`/v1/files/${file.id}/text`);
    expect(text.status).toBe(422);
    expect(text.body.error.code).toBe('document_not_ready');
  });

  it.each([
    ['an unknown field', '/search', { query: 'x', flavour: 1 }, 400, 'unknown_parameter'],
    ['too many results', '/search', { query: 'x', max_num_results: 51 }, 400, 'invalid_value'],
    ['an empty question', '/search', { query: '' }, 400, 'invalid_value'],
    ['a filter that is none', '/search', { query: 'x', filters: { type: 'like' } }, 400, 'invalid_filter'],
    ['an unknown file', '/files', { file_id: 'file_none' }, 404, 'document_not_found'],
    ['an unknown replacement', '/files', { file_id: 'file_none', replaces: 'x' }, 400, 'unknown_parameter'],
    [
      'an overlap of more than half',
      '/files',
      {
        file_id: 'f',
        chunking_strategy: {
          type: 'static',
          static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 51 },
        },
      },
      400,
      'invalid_value',
    ],
    [
      'seventeen attributes',
      '/files',
      {
        file_id: 'f',
        attributes: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, index])),
      },
      400,
      'invalid_value',
    ],
    ['a nested attribute', '/files', { file_id: 'f', attributes: { a: { b: 1 } } }, 400, 'invalid_value'],
    ['an empty batch', '/file_batches', {}, 400, 'invalid_value'],
    [
      'both kinds of batch',
      '/file_batches',
      { file_ids: ['a'], files: [{ file_id: 'b' }] },
      400,
      'invalid_value',
    ],
    ['a change of id', '', { id: 'vs_other' }, 400, 'unknown_parameter'],
  ])('refuses %s', async (_, path, body, status, code) => {
    const reply = await server.send(`${base}${path}`, post(body));
    expect({ status: reply.status, code: reply.body.error?.code }).toEqual({ status, code });
  });

  it('refuses attributes that are no JSON, and a replacement of what is not there', async () => {
    const file = new File(['x'], 'x.md');
    const broken = await server.send(`${base}/documents`, form({ attributes: '{', file }));
    expect(broken.body.error).toMatchObject({ code: 'invalid_value', param: 'attributes' });
    const absent = await server.send(`${base}/documents`, form({ replaces: 'file_none', file }));
    expect(absent.status).toBe(404);
  });

  it('shows no other workspace anything, and lets it change nothing', async () => {
    const { id } = await upload({ file: new File([OLD], 'secret.md') });
    const stranger = { authorization: 'Bearer ws_stranger' };
    const get = (path: string) => server.send(path, { headers: stranger });
    const paths = [
      `/v1/files/${id}`,
      `/v1/files/${id}/content`,
      `/v1/files/${id}/text`,
      base,
      `${base}/files`,
      `${base}/files/${id}`,
      `${base}/files/${id}/chunks`,
      `${base}/files/${id}/content`,
    ];
    for (const path of paths) expect((await get(path)).status, path).toBe(404);
    for (const path of ['/v1/files', '/v1/vector_stores']) expect((await get(path)).body.data).toEqual([]);
    const changes: [string, RequestInit][] = [
      [`/v1/files/${id}`, { method: 'DELETE' }],
      [base, { method: 'DELETE' }],
      [base, post({ name: 'mine' })],
      [`${base}/rebuild`, { method: 'POST' }],
      [`${base}/search`, post({ query: '报销' })],
      [`${base}/files`, post({ file_id: id })],
      [`${base}/file_batches`, post({ file_ids: [id] })],
      [`${base}/files/${id}`, post({ attributes: {} })],
      [`${base}/files/${id}`, { method: 'DELETE' }],
      [`${base}/files/${id}/reingest`, post({})],
      [`${base}/documents`, form({ file: new File(['x'], 'x.md') })],
    ];
    for (const [path, init] of changes) {
      const headers = { ...(init.headers as Record<string, string>), ...stranger };
      expect((await server.send(path, { ...init, headers })).status, `${init.method} ${path}`).toBe(404);
    }
    const own = await server.send('/v1/vector_stores', {
      ...post({ name: 'mine' }),
      headers: { ...stranger, 'content-type': 'application/json' },
    });
    const stolen = await server.send(`/v1/vector_stores/${own.body.id}/files`, {
      ...post({ file_id: id }),
      headers: { ...stranger, 'content-type': 'application/json' },
    });
    expect(stolen.status).toBe(404);
  });
});
