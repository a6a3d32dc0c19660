import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Server, type S3User, startS3 } from '../../../tests/support/s3-server.ts';
import type { RepositoryStorage } from '../../recovery/ports.ts';
import { createBench, KEEP_NEWEST, readBack, takeSnapshot } from '../../recovery/repository/testing/bench.ts';
import { MemoryStorage } from '../../recovery/repository/testing/memory-storage.ts';
import {
  type FreshStorage,
  repositoryStorageChecks,
  repositoryStorageConformance,
} from '../../recovery/repository-storage.suite.ts';
import { S3Client } from '../blobs/s3-client.ts';
import { fixedCredentials } from '../blobs/s3-credentials.ts';
import { FolderRepository } from './folder-repository.ts';
import { S3Repository } from './s3-repository.ts';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
}, 120_000);
afterAll(() => server[Symbol.asyncDispose]());

async function createFolder(): Promise<FreshStorage> {
  const root = await mkdtemp(join(tmpdir(), 'budao-storage-'));
  const folder = join(root, 'repository');
  await mkdir(folder);
  return {
    storage: new FolderRepository(folder, null),
    another: async () => new FolderRepository(folder, null),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

async function createBucket(user?: S3User, name?: string): Promise<FreshStorage> {
  const bucket = name ?? (await server.createBucket());
  const cleanup = new AsyncDisposableStack();
  const open = () => {
    const credentials = fixedCredentials({ ...(user ?? server.user), sessionToken: null });
    const place = {
      endpoint: server.endpoint,
      region: server.region,
      bucket,
      prefix: 'backup/',
      credentials,
    };
    return new S3Repository(cleanup.use(new S3Client({ ...place, addressing: 'path' })));
  };
  return {
    storage: open(),
    another: async () => open(),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

async function createMemory(): Promise<FreshStorage> {
  const storage = new MemoryStorage();
  return { storage, another: async () => storage, async [Symbol.asyncDispose]() {} };
}

repositoryStorageConformance('a folder', createFolder);
repositoryStorageConformance('a bucket', () => createBucket());
describe('the memory that tests use', () => {
  test.each(repositoryStorageChecks.filter(({ name }) => !name.startsWith('a file of this machine')))(
    '$name',
    async ({ run }) => {
      await expect(run(await createMemory())).resolves.toBeUndefined();
    },
  );
});

describe('a repository in a bucket', () => {
  test('takes snapshots with a key that may not delete, gives them back, and keeps them from that key', async () => {
    const bucket = await server.createBucket();
    const user = await server.createUser(bucket, ['GetObject', 'PutObject', 'ListBucket']);
    await using place = await createBucket(user, bucket);
    await using bench = await createBench({ place: place.storage, appendOnly: true });
    const repository = await bench.open();
    const manifest = await takeSnapshot(repository, ['one', 'two']);
    expect(await readBack(repository, manifest)).toEqual(['one', 'two']);
    expect((await repository.verify()).findings).toEqual([]);
    const [pack] = manifest.packs;
    await expect(place.storage.delete(`packs/${pack?.name}`)).rejects.toMatchObject({
      code: 'repository_read_only',
    });
  });

  test('is pruned, and says which right a key lacks that may only read', async () => {
    const bucket = await server.createBucket();
    await using place = await createBucket(server.user, bucket);
    await using bench = await createBench({ place: place.storage });
    const repository = await bench.open();
    await takeSnapshot(repository, ['first']);
    const kept = await takeSnapshot(repository, ['second']);
    const options = { retention: { ...KEEP_NEWEST, keepDocuments: false }, orphanGraceMs: 0 };
    expect(await repository.prune(options, await repository.planPrune(options))).toMatchObject({
      removed: 1,
    });
    expect(await readBack(repository, kept)).toEqual(['second']);
    expect((await repository.verify()).findings).toEqual([]);
    const reader = await server.createUser(bucket, ['GetObject', 'ListBucket']);
    await using readOnly = await createBucket(reader, bucket);
    const opened = await bench.open({ storage: readOnly.storage, stateFolder: null });
    expect(await readBack(opened, kept)).toEqual(['second']);
    await expect(opened.write()).rejects.toMatchObject({ code: 'repository_read_only' });
  });

  test('that is gone is away, and not empty', async () => {
    await using place = await createBucket(server.user, 'bucket-never');
    const unavailable = { code: 'repository_unavailable', message: expect.stringContaining('bucket-never') };
    await expect(place.storage.get('budao-repository.json')).rejects.toMatchObject(unavailable);
    await expect(Array.fromAsync(place.storage.list('packs/'))).rejects.toMatchObject(unavailable);
    await expect(place.storage.put('packs/one', Buffer.from('one'))).rejects.toMatchObject(unavailable);
  });
});

/** Each breaks one promise; the suite has to notice. */
const SABOTAGE: [string, (sound: RepositoryStorage) => Partial<RepositoryStorage>][] = [
  ['loses the last byte', (sound) => ({ put: (key, body) => sound.put(key, body.subarray(0, -1)) })],
  [
    'gives a stream that ends early',
    (sound) => ({
      read: async (key) => {
        const body = await sound.get(key);
        return body === null ? null : Readable.from([body.subarray(0, 4_096)], { objectMode: false });
      },
    }),
  ],
  [
    'lets the second maker win',
    (sound) => ({
      async putIfAbsent(key, body) {
        const isFirst = (await sound.get(key)) === null;
        await sound.put(key, body);
        return isFirst;
      },
    }),
  ],
  [
    'says to all makers that they were first',
    (sound) => ({
      putIfAbsent: (key, body) => sound.putIfAbsent(key, body).then(() => true),
    }),
  ],
  [
    'lists no deeper than one folder',
    (sound) => ({
      async *list(prefix) {
        for await (const file of sound.list(prefix))
          if (!file.key.slice(prefix.length).includes('/')) yield file;
      },
    }),
  ],
  ['lists what has another prefix', (sound) => ({ list: (prefix) => sound.list(prefix.slice(0, 1)) })],
  [
    'keeps the first version',
    (sound) => ({ put: (key, body) => sound.putIfAbsent(key, body).then(() => {}) }),
  ],
  ['does not delete', () => ({ delete: async () => {} })],
  [
    'fails at what is not there',
    (sound) => ({
      get: async (key) => {
        const body = await sound.get(key);
        if (body === null) throw new Error('there is no such file');
        return body;
      },
    }),
  ],
  [
    'makes a file of what it could not read',
    (sound) => ({ putFile: (key) => sound.put(key, Buffer.alloc(0)) }),
  ],
  [
    'dates files by nothing',
    (sound) => ({
      async *list(prefix) {
        for await (const file of sound.list(prefix)) yield { ...file, modifiedAt: 0 };
      },
    }),
  ],
];

describe('the suite', () => {
  test.each(SABOTAGE)('notices a place that %s', async (_, sabotage) => {
    let isNoticed = false;
    for (const { run } of repositoryStorageChecks) {
      await using fresh = await createFolder();
      const { storage } = fresh;
      const broken: RepositoryStorage = {
        name: storage.name,
        put: (key, body) => storage.put(key, body),
        putFile: (key, path) => storage.putFile(key, path),
        putIfAbsent: (key, body) => storage.putIfAbsent(key, body),
        get: (key) => storage.get(key),
        read: (key) => storage.read(key),
        list: (prefix) => storage.list(prefix),
        delete: (key) => storage.delete(key),
        ...sabotage(storage),
      };
      isNoticed = await run({ ...fresh, storage: broken, another: async () => broken }).then(
        () => false,
        () => true,
      );
      if (isNoticed) break;
    }
    expect(isNoticed).toBe(true);
  });
});
