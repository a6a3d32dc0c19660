import { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KnowledgeServer, openKnowledgeServer } from './testing.ts';

const LEAVE =
  '# 休假制度\n\n## 第三条 年假\n\n工作满一年的员工每年享有十天年假。年假须提前五个工作日申请。\n';
const VPN =
  '# VPN access\n\nStaff reach the intranet from outside through the VPN. Passwords change every 90 days.\n';

describe('the unmodified openai client', () => {
  let server: KnowledgeServer;

  beforeAll(async () => {
    server = await openKnowledgeServer();
    server.knowledge.startWorker();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('uploads a file under its Chinese name and reads the same bytes back', async () => {
    const client = server.client();
    const file = await client.files.create({
      file: await toFile(Buffer.from(LEAVE), '休假制度 (2026).md'),
      purpose: 'assistants',
    });
    expect(file).toMatchObject({
      object: 'file',
      filename: '休假制度 (2026).md',
      bytes: Buffer.byteLength(LEAVE),
      purpose: 'assistants',
      status: 'processed',
    });
    expect(await client.files.retrieve(file.id)).toEqual(file);
    const content = await client.files.content(file.id);
    expect(await content.text()).toBe(LEAVE);
    expect(content.headers.get('content-disposition')).toBe(
      `attachment; filename="____ (2026).md"; filename*=UTF-8''%E4%BC%91%E5%81%87%E5%88%B6%E5%BA%A6%20%282026%29.md`,
    );
    expect(content.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('adds a file and polls until it can be searched', async () => {
    const client = server.client();
    const store = await client.vectorStores.create({ name: '员工手册', metadata: { owner: 'hr' } });
    expect(store).toMatchObject({ object: 'vector_store', status: 'completed', metadata: { owner: 'hr' } });
    const { id: fileId } = await client.files.create({
      file: await toFile(Buffer.from(LEAVE), 'leave.md'),
      purpose: 'assistants',
    });
    const added = await client.vectorStores.files.createAndPoll(store.id, {
      file_id: fileId,
      attributes: { topic: 'leave', year: 2026, current: true },
      chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 20 } },
    });
    expect(added).toMatchObject({
      id: fileId,
      status: 'completed',
      last_error: null,
      attributes: { topic: 'leave', year: 2026, current: true },
      chunking_strategy: { static: { max_chunk_size_tokens: 200 } },
      filename: 'leave.md',
      format: 'markdown',
      progress: { phase: 'ready', fraction: 1 },
    });
    const found = await client.vectorStores.search(store.id, { query: '年假有几天？', max_num_results: 3 });
    expect(found.data[0]).toMatchObject({
      file_id: fileId,
      filename: 'leave.md',
      attributes: { year: 2026 },
    });
    expect(found.data[0]?.content[0]?.text).toContain('十天年假');
    const elsewhere = await client.vectorStores.search(store.id, {
      query: ['年假', 'annual leave'],
      filters: { type: 'eq', key: 'topic', value: 'travel' },
    });
    expect(elsewhere.data).toEqual([]);
    const [text] = (await client.vectorStores.files.content(fileId, { vector_store_id: store.id })).data;
    expect(text?.text).toContain('年假须提前五个工作日申请');
  });

  it('uploads a batch, polls it, lists its files and counts a bad one', async () => {
    const client = server.client();
    const store = await client.vectorStores.create({ name: 'IT' });
    const batch = await client.vectorStores.fileBatches.uploadAndPoll(store.id, {
      files: [
        await toFile(Buffer.from(VPN), 'vpn.md'),
        await toFile(Buffer.from('# 密码\n\n密码长度至少十二位。\n'), 'password.md'),
        await toFile(Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0]), 'broken.docx'),
      ],
    });
    expect(batch).toMatchObject({
      object: 'vector_store.files_batch',
      status: 'completed',
      file_counts: { completed: 2, failed: 1, in_progress: 0, cancelled: 0, total: 3 },
    });
    const files = await Array.fromAsync(
      client.vectorStores.fileBatches.listFiles(batch.id, { vector_store_id: store.id, limit: 2 }),
    );
    expect(files.map((file) => file.status).toSorted()).toEqual(['completed', 'completed', 'failed']);
    const failed = await client.vectorStores.files.list(store.id, { filter: 'failed' });
    expect(failed.data[0]?.last_error?.code).toBe('corrupt_document');
    const described = await client.vectorStores.retrieve(store.id);
    expect(described.file_counts).toMatchObject({ completed: 2, failed: 1, total: 3 });
  });

  it('changes, lists and deletes stores and files', async () => {
    const client = server.client('ws_changes');
    const first = await client.vectorStores.create({ name: 'one' });
    const second = await client.vectorStores.create({
      name: 'two',
      expires_after: { anchor: 'last_active_at', days: 7 },
    });
    expect(second.expires_at).toBeGreaterThan(second.created_at + 6 * 86_400);
    const renamed = await client.vectorStores.update(first.id, { name: 'first', metadata: { a: 'b' } });
    expect(renamed).toMatchObject({ name: 'first', metadata: { a: 'b' }, is_default: true });
    const names = await Array.fromAsync(client.vectorStores.list({ limit: 1 }));
    expect(names.map((store) => store.name)).toEqual(['two', 'first']);
    const before = await client.vectorStores.list({ before: first.id });
    expect(before.data.map((store) => store.name)).toEqual(['two']);

    const { id: fileId } = await client.files.create({
      file: await toFile(Buffer.from(VPN), 'vpn.md'),
      purpose: 'user_data',
    });
    await client.vectorStores.files.createAndPoll(first.id, { file_id: fileId });
    const changed = await client.vectorStores.files.update(fileId, {
      vector_store_id: first.id,
      attributes: { team: 'net' },
    });
    expect(changed.attributes).toEqual({ team: 'net' });
    expect(await client.files.list({ purpose: 'assistants' }).then((page) => page.data)).toEqual([]);
    await client.files.delete(fileId);
    await expect(client.files.retrieve(fileId)).rejects.toMatchObject({ status: 404 });
    expect((await client.vectorStores.search(first.id, { query: 'VPN' })).data).toEqual([]);
    await client.vectorStores.delete(first.id);
    await expect(client.vectorStores.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
    await expect(client.vectorStores.search(first.id, { query: 'VPN' })).rejects.toMatchObject({
      status: 404,
    });
  });
});
