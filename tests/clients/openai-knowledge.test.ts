import OpenAI, { toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import { clientTarget } from './target.ts';

const target = clientTarget();
const client = new OpenAI({ baseURL: target.baseUrl, apiKey: target.apiKey });
const CANTEEN =
  '# Canteen\n\nBreakfast is served from 06:30 to 08:15. Night shifts get a meal voucher of 18 yuan.\n';
const PARKING = '# Parking\n\nThe first thirty minutes are free for visitors.\n';

describe('the openai package, unmodified, with documents', () => {
  test('uploads a file, reads it back, and deletes it', async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from(CANTEEN), 'canteen.md'),
      purpose: 'assistants',
    });
    expect(file).toMatchObject({ filename: 'canteen.md', bytes: Buffer.byteLength(CANTEEN) });
    expect(await (await client.files.content(file.id)).text()).toBe(CANTEEN);
    const listed: string[] = [];
    for await (const other of client.files.list()) listed.push(other.id);
    expect(listed).toContain(file.id);
    expect(await client.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
  });

  test('fills a vector store with uploadAndPoll, searches it, and asks it with file_search', async () => {
    const store = await client.vectorStores.create({ name: 'Around the house' });
    const added = await client.vectorStores.files.uploadAndPoll(
      store.id,
      await toFile(Buffer.from(CANTEEN), 'canteen.md'),
      { pollIntervalMs: 50 },
    );
    expect(added).toMatchObject({ status: 'completed', vector_store_id: store.id });
    const batch = await client.vectorStores.fileBatches.uploadAndPoll(
      store.id,
      { files: [await toFile(Buffer.from(PARKING), 'parking.md')] },
      { pollIntervalMs: 50 },
    );
    expect(batch).toMatchObject({ status: 'completed', file_counts: { completed: 1, failed: 0 } });

    const found = await client.vectorStores.search(store.id, { query: 'meal voucher at night' });
    expect(found.data[0]).toMatchObject({ filename: 'canteen.md', file_id: added.id });
    expect(found.data[0]?.content[0]?.text).toContain('18 yuan');

    const response = await client.responses.create({
      model: 'extractive',
      input: 'How much is the meal voucher of night shifts?',
      tools: [{ type: 'file_search', vector_store_ids: [store.id] }],
    });
    expect(response.output_text).toContain('18 yuan');
    expect(JSON.stringify(response.output)).toContain(added.id);

    await client.vectorStores.files.delete(added.id, { vector_store_id: store.id });
    expect(await client.vectorStores.delete(store.id)).toMatchObject({ deleted: true });
    await expect(client.vectorStores.retrieve(store.id)).rejects.toMatchObject({ status: 404 });
  });

  test('a file that cannot be read ends its poll with the reason', async () => {
    const store = await client.vectorStores.create({ name: 'Broken things' });
    const broken = await client.vectorStores.files.uploadAndPoll(
      store.id,
      await toFile(Buffer.from('%PDF-1.7 and then nothing of a document'), 'broken.pdf'),
      { pollIntervalMs: 50 },
    );
    expect(broken.status).toBe('failed');
    expect(broken.last_error?.message).toMatch(/\w+ \w+/);
    await client.vectorStores.delete(store.id);
  });

  test('attributes limit a search', async () => {
    const store = await client.vectorStores.create({ name: 'By department' });
    for (const [department, yuan] of [
      ['surgery', 30],
      ['pharmacy', 40],
    ] as const) {
      const file = await client.files.create({
        file: await toFile(Buffer.from(`The allowance is ${yuan} yuan.`), `${department}.txt`),
        purpose: 'assistants',
      });
      await client.vectorStores.files.createAndPoll(
        store.id,
        { file_id: file.id, attributes: { department } },
        { pollIntervalMs: 50 },
      );
    }
    const found = await client.vectorStores.search(store.id, {
      query: 'allowance',
      filters: { type: 'eq', key: 'department', value: 'pharmacy' },
    });
    expect(found.data.map((result) => result.filename)).toEqual(['pharmacy.txt']);
    await client.vectorStores.delete(store.id);
  });
});
