import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { chunkIndexConformance, type FreshIndex, textChunk } from '../../knowledge/chunk-index.suite.ts';
import { openLanceDbIndex } from './lancedb-index.ts';

const GENERATION = { id: 'g1', dimension: null };
const request = { query: '年假', vector: null, limit: 10, documentIds: null };

async function freshFolder() {
  const directory = await mkdtemp(path.join(tmpdir(), 'budao-index-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

async function createFresh(maxMemoryRows?: number): Promise<FreshIndex> {
  const folder = await freshFolder();
  const open = () =>
    openLanceDbIndex({
      directory: folder.directory,
      ...(maxMemoryRows === undefined ? {} : { maxMemoryRows }),
    });
  const index = await open();
  return {
    index,
    another: open,
    async [Symbol.asyncDispose]() {
      await index[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

chunkIndexConformance('LanceDB, small tables from memory', () => createFresh());
chunkIndexConformance('LanceDB, tables on disk', () => createFresh(0));

async function put(directory: string, documentId: string, text: string): Promise<void> {
  await using index = await openLanceDbIndex({ directory });
  await index.replaceDocuments('kb', GENERATION, [{ documentId, chunks: [textChunk(documentId, 0, text)] }]);
}

async function newestFile(directory: string, kind: '_versions' | 'data'): Promise<string> {
  const [table] = await readdir(directory);
  const folder = path.join(directory, table as string, kind);
  const names = (await readdir(folder)).filter((name) =>
    name.endsWith(kind === 'data' ? '.lance' : '.manifest'),
  );
  return path.join(folder, names.sort()[0] as string);
}

test('two processes that write to a new knowledge base at the same moment both succeed', async () => {
  await using folder = await freshFolder();
  await Promise.all(['a', 'b', 'c'].map((documentId) => put(folder.directory, documentId, '年假十天')));
  await using index = await openLanceDbIndex({ directory: folder.directory });
  expect([...(await index.inventory('kb', GENERATION)).keys()].sort()).toEqual(['a', 'b', 'c']);
});

test('a table that a killed process had only begun to make does not stand in the way', async () => {
  await using folder = await freshFolder();
  await put(folder.directory, 'a', '年假十天');
  const [table] = await readdir(folder.directory);
  const versions = path.join(folder.directory, table as string, '_versions');
  for (const name of await readdir(versions)) await rm(path.join(versions, name));
  await using index = await openLanceDbIndex({ directory: folder.directory });
  expect(await index.search('kb', GENERATION, request)).toEqual([]);
  await put(folder.directory, 'b', '年假十天');
  expect([...(await index.inventory('kb', GENERATION)).keys()]).toEqual(['b']);
});

describe('after a power cut', () => {
  test.each([0, 20, 200])('a manifest torn at %i bytes gives way to the version before it', async (bytes) => {
    await using folder = await freshFolder();
    await put(folder.directory, 'a', '年假十天');
    await put(folder.directory, 'b', '年假十五天');
    const manifest = await newestFile(folder.directory, '_versions');
    expect((await stat(manifest)).size).toBeGreaterThan(bytes);
    await truncate(manifest, bytes);

    await using index = await openLanceDbIndex({ directory: folder.directory });
    const hits = await index.search('kb', GENERATION, request);
    expect(hits.map((hit) => hit.chunk.documentId)).toEqual(['a']);
    await put(folder.directory, 'c', '年假二十天');
    expect([...(await index.inventory('kb', GENERATION)).keys()].sort()).toEqual(['a', 'c']);
  });

  test('an index without a whole manifest says so, and works again once it is dropped', async () => {
    await using folder = await freshFolder();
    await put(folder.directory, 'a', '年假十天');
    const [table] = await readdir(folder.directory);
    const versions = path.join(folder.directory, table as string, '_versions');
    for (const name of await readdir(versions)) await truncate(path.join(versions, name), 8);

    await using index = await openLanceDbIndex({ directory: folder.directory });
    const corrupt = { code: 'index_corrupt', kind: 'unavailable' };
    await expect(index.search('kb', GENERATION, request)).rejects.toMatchObject(corrupt);
    await expect(index.inventory('kb', GENERATION)).rejects.toMatchObject(corrupt);
    await index.drop('kb', GENERATION);
    await put(folder.directory, 'a', '年假十天');
    expect(await index.search('kb', GENERATION, request)).toHaveLength(1);
  });

  test('an index whose rows are gone says so instead of answering from nothing', async () => {
    await using folder = await freshFolder();
    await put(folder.directory, 'a', '年假十天');
    await truncate(await newestFile(folder.directory, 'data'), 0);
    await using index = await openLanceDbIndex({ directory: folder.directory });
    await expect(index.search('kb', GENERATION, request)).rejects.toMatchObject({ code: 'index_corrupt' });
  });
});
