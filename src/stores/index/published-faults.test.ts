import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { faultyS3 } from '../../../tests/support/faulty-s3.ts';
import type { SeenRequest } from '../../../tests/support/s3-server-faults.ts';
import { chunkIndexChecks, textChunk } from '../../knowledge/chunk-index.suite.ts';
import type { ChunkIndex } from '../../knowledge/ports.ts';
import { S3Client } from '../blobs/s3-client.ts';
import { fixedCredentials } from '../blobs/s3-credentials.ts';
import type { ObjectStore } from './object-store.ts';
import { collectGarbage } from './published-garbage.ts';
import { openPublishedIndex } from './published-index.ts';
import { createS3ObjectStore } from './s3-object-store.ts';

const GENERATION = { id: 'g1', dimension: null };
const TABLE = 'kb__g1__v1';
const SEARCH = { query: '年假', vector: null, limit: 20, documentIds: null };

const s3 = faultyS3();
let cleanup: AsyncDisposableStack;

beforeEach(() => {
  cleanup = new AsyncDisposableStack();
  return () => cleanup.disposeAsync();
});

function objectsAt(): ObjectStore {
  const client = cleanup.use(
    new S3Client({
      endpoint: s3.proxy.endpoint,
      region: s3.server.region,
      bucket: s3.bucket,
      prefix: '',
      addressing: 'path',
      credentials: fixedCredentials({ ...s3.server.user, sessionToken: null }),
      limits: { maxTries: 3, deadlineMs: 2_000, silenceTimeoutMs: 1_000 },
    }),
  );
  return createS3ObjectStore(client, 'index/');
}

async function freshCache(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'budao-index-cache-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function open(
  options: { cacheFolder?: string; objects?: ObjectStore; serveStaleMs?: number; onStale?: () => void } = {},
): Promise<ChunkIndex> {
  const cacheFolder = options.cacheFolder ?? (await freshCache());
  return cleanup.use(
    await openPublishedIndex({ objects: objectsAt(), maxMemoryRows: 0, ...options, cacheFolder }),
  );
}

const put = (index: ChunkIndex, documentId: string) =>
  index.replaceDocuments('kb', GENERATION, [{ documentId, chunks: [textChunk(documentId, 0, '年假十天')] }]);
const documents = async (index: ChunkIndex) =>
  (await index.search('kb', GENERATION, SEARCH)).map(({ chunk }) => chunk.documentId).sort();
const isPublication = ({ method, path }: SeenRequest) => method === 'PUT' && path.includes('/versions/');

describe('writers of different machines at once', () => {
  test('lose nothing: whoever is slower begins again', async () => {
    const writers = await Promise.all([open(), open(), open()]);
    const names = writers.flatMap((_, writer) => [0, 1, 2, 3].map((number) => `w${writer}-${number}`));
    await Promise.all(
      writers.map(async (index, writer) => {
        for (const name of names.filter((one) => one.startsWith(`w${writer}`))) await put(index, name);
      }),
    );
    expect(await documents(await open())).toEqual(names);
    expect(s3.proxy.seen.filter(isPublication).length).toBeGreaterThan(names.length);
  });

  test('lose rows on a store that ignores the condition, which is why the probe refuses it', async () => {
    s3.proxy.choose = (request) => (request.isConditional ? { kind: 'unconditional' } : null);
    const writers = await Promise.all([open(), open(), open()]);
    await Promise.all(
      writers.map(async (index, writer) => {
        for (const number of [0, 1, 2, 3]) await put(index, `w${writer}-${number}`);
      }),
    );
    expect((await documents(await open())).length).toBeLessThan(12);
  });

  test('are told the truth when the answer to their publication is lost', async () => {
    let left = 1;
    s3.proxy.choose = (request) => (isPublication(request) && left-- > 0 ? { kind: 'lost-answer' } : null);
    const index = await open();
    await put(index, 'a');
    await put(index, 'b');
    expect(await documents(await open())).toEqual(['a', 'b']);
    expect(s3.proxy.seen.filter(isPublication).length).toBe(3);
  });
});

describe('a writer that fails', () => {
  test.each([
    ['while it uploads', ({ method, path }: SeenRequest) => method === 'PUT' && path.includes('/files/')],
    ['while it publishes', isPublication],
  ])('%s changes nothing for anybody, itself included', async (_, matches) => {
    const index = await open();
    await put(index, 'a');
    s3.proxy.choose = (request) =>
      matches(request) ? { kind: 'refuse', status: 500, code: 'InternalError' } : null;
    await expect(put(index, 'b')).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(await documents(index)).toEqual(['a']);
    expect(await documents(await open())).toEqual(['a']);
    s3.proxy.choose = () => null;
    await put(index, 'b');
    expect(await documents(await open())).toEqual(['a', 'b']);
  });
});

describe('a reader', () => {
  test('goes on from its copy while the store is away, says so, and sees the newest when it is back', async () => {
    const writer = await open();
    await put(writer, 'a');
    let stale = 0;
    const cacheFolder = await freshCache();
    const reader = await open({ cacheFolder, onStale: () => (stale += 1) });
    expect(await documents(reader)).toEqual(['a']);
    await put(writer, 'b');
    s3.proxy.choose = () => ({ kind: 'refuse', status: 503, code: 'SlowDown' });
    expect(await documents(reader)).toEqual(['a']);
    expect(stale).toBeGreaterThan(0);
    expect(await documents(await open({ cacheFolder }))).toEqual(['a']);
    await expect(documents(await open())).rejects.toMatchObject({ code: 'storage_unavailable' });
    const impatient = await open({ cacheFolder, serveStaleMs: 0 });
    await expect(documents(impatient)).rejects.toMatchObject({ code: 'storage_unavailable' });
    s3.proxy.choose = () => null;
    expect(await documents(reader)).toEqual(['a', 'b']);
  });

  test('asks for one list where nothing is new, and for no file that its machine has', async () => {
    const cacheFolder = await freshCache();
    const reader = await open({ cacheFolder });
    const writer = await open();
    await put(writer, 'a');
    await documents(reader);
    s3.proxy.seen.length = 0;
    await documents(reader);
    expect(s3.proxy.seen.map(({ method }) => method)).toEqual(['GET']);
    await put(writer, 'b');
    await documents(reader);
    s3.proxy.seen.length = 0;
    expect(await documents(await open({ cacheFolder }))).toEqual(['a', 'b']);
    expect(s3.proxy.seen.filter(({ path }) => path.includes('/files/'))).toEqual([]);
  });

  test('notices bytes that were changed on their way, and gets the right ones', async () => {
    await put(await open(), 'a');
    let left = 1;
    s3.proxy.choose = ({ method, path }) =>
      method === 'GET' && path.includes('/files/') && left-- > 0 ? { kind: 'flip', position: 0 } : null;
    expect(await documents(await open())).toEqual(['a']);
  });

  test.each([
    ['damaged', async (key: string) => s3.server.fetch('PUT', `/${s3.bucket}/${key}`, 'damaged')],
    ['missing', async (key: string) => s3.server.fetch('DELETE', `/${s3.bucket}/${key}`)],
  ])('says that the index is broken when a file of it is %s, and it can be built anew', async (_, harm) => {
    const objects = objectsAt();
    const writer = await open({ objects });
    await put(writer, 'a');
    for await (const { key } of objects.list(`${TABLE}/files/`)) await harm(`index/${key}`);
    const reader = await open();
    await expect(documents(reader)).rejects.toMatchObject({ code: 'index_corrupt' });
    await reader.drop('kb', GENERATION);
    await put(reader, 'a');
    expect(await documents(await open())).toEqual(['a']);
  });

  test('replaces what its own disk has damaged', async () => {
    const cacheFolder = await freshCache();
    const reader = await open({ cacheFolder });
    await put(await open(), 'a');
    await documents(reader);
    await reader[Symbol.asyncDispose]();
    const files = path.join(cacheFolder, 'files');
    for (const name of await readdir(files)) await writeFile(path.join(files, name), 'x'.repeat(100));
    expect(await documents(await open({ cacheFolder }))).toEqual(['a']);
    for (const name of await readdir(files)) await truncate(path.join(files, name), 3);
    expect(await documents(await open({ cacheFolder }))).toEqual(['a']);
  });
});

test('the newest version that a list does not show yet is not overwritten', async () => {
  const writer = await open();
  await put(writer, 'a');
  const late = await open();
  await documents(late);
  await put(writer, 'b');
  let left = 1;
  const hideNewest = (text: string) => text.replace(/<Contents>.*?<\/Contents>/s, '');
  s3.proxy.choose = ({ path }) =>
    path.includes('list-type') && path.includes('versions') && left-- > 0
      ? { kind: 'rewrite', rewrite: hideNewest }
      : null;
  await put(late, 'c');
  expect(await documents(await open())).toEqual(['a', 'b', 'c']);
});

test('garbage goes only when it is old, and the newest version stays', async () => {
  const objects = objectsAt();
  const ages = { versions: 0, files: 0 };
  const aged: ObjectStore = {
    ...objects,
    async *list(prefix, limit) {
      const extra = prefix.includes('/versions/') ? ages.versions : ages.files;
      for await (const { key, ageMs } of objects.list(prefix, limit)) yield { key, ageMs: ageMs + extra };
    },
  };
  const writer = await open({ objects });
  for (const name of ['a', 'b', 'c']) await put(writer, name);
  await objects.put(`${TABLE}/files/${'0'.repeat(64)}`, Buffer.from(randomUUID()));
  expect(await collectGarbage(aged, TABLE)).toBe(0);
  ages.versions = 2 * 60 * 60_000;
  expect(await collectGarbage(aged, TABLE)).toBe(2);
  ages.files = 48 * 60 * 60_000;
  expect(await collectGarbage(aged, TABLE)).toBe(1);
  expect(await documents(await open())).toEqual(['a', 'b', 'c']);
});

test('what killed processes left in the cache goes, and nothing that is in use', async () => {
  const cacheFolder = await freshCache();
  const index = await open({ cacheFolder });
  await put(index, 'a');
  const left = path.join(cacheFolder, 'open', '1-killed');
  await writeFile(left, '');
  await utimes(left, new Date(0), new Date(0));
  await open({ cacheFolder });
  expect((await readdir(path.join(cacheFolder, 'open'))).includes('1-killed')).toBe(false);
  expect(await documents(index)).toEqual(['a']);
});

describe('the suite notices an index', () => {
  const sabotages: [string, RegExp, (objects: ObjectStore) => Partial<ObjectStore>][] = [
    [
      'whose readers never look for a newer version',
      /removal is visible/,
      (objects) => {
        const seen = new Map<string, { key: string; ageMs: number }[]>();
        return {
          async *list(prefix, limit) {
            const known = seen.get(prefix) ?? (await Array.fromAsync(objects.list(prefix, limit)));
            if (known.length > 0) seen.set(prefix, known);
            yield* known;
          },
        };
      },
    ],
    ['whose publications are believed and not kept', /comes back/, () => ({ putIfAbsent: async () => true })],
    [
      'whose store forgets what it was given',
      /same order for every handle/,
      () => ({ putFile: async () => {} }),
    ],
  ];
  test.each(sabotages)('%s', async (_, caughtBy, sabotage) => {
    const checks = chunkIndexChecks.filter(({ name }) => caughtBy.test(name));
    expect(checks.length).toBe(1);
    const another = () => {
      const objects = objectsAt();
      return open({ objects: { ...objects, ...sabotage(objects) } });
    };
    const index = await another();
    const run = checks[0]?.run({ index, another, [Symbol.asyncDispose]: async () => {} });
    await expect(run).rejects.toThrow();
  });
});
