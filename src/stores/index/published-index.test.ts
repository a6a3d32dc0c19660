import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type S3Server, startS3 } from '../../../tests/support/s3-server.ts';
import { chunkIndexConformance, type FreshIndex } from '../../knowledge/chunk-index.suite.ts';
import { type IndexLocation, openIndexAt } from './testing/index-location.ts';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
}, 120_000);
afterAll(() => server[Symbol.asyncDispose]());

/** Each handle has a cache of its own, as two machines would. */
async function createFresh(
  locate: (cacheFolder: string) => IndexLocation,
  maxMemoryRows?: number,
): Promise<FreshIndex> {
  const cleanup = new AsyncDisposableStack();
  const open = async () => {
    const cacheFolder = await mkdtemp(path.join(tmpdir(), 'budao-index-cache-'));
    cleanup.defer(() => rm(cacheFolder, { recursive: true, force: true }));
    return cleanup.use(await openIndexAt(locate(cacheFolder), maxMemoryRows));
  };
  return { index: await open(), another: open, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

async function inSharedFolder(maxMemoryRows?: number): Promise<FreshIndex> {
  const folder = await mkdtemp(path.join(tmpdir(), 'budao-shared-index-'));
  const fresh = await createFresh((cacheFolder) => ({ kind: 'shared', folder, cacheFolder }), maxMemoryRows);
  return {
    ...fresh,
    async [Symbol.asyncDispose]() {
      await fresh[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function inBucket(maxMemoryRows?: number): Promise<FreshIndex> {
  const bucket = await server.createBucket();
  const { endpoint, user } = server;
  return createFresh((cacheFolder) => ({ kind: 's3', endpoint, bucket, user, cacheFolder }), maxMemoryRows);
}

chunkIndexConformance('a shared folder, small tables from memory', () => inSharedFolder());
chunkIndexConformance('a shared folder, tables on disk', () => inSharedFolder(0));
chunkIndexConformance('a bucket, small tables from memory', () => inBucket());
chunkIndexConformance('a bucket, tables on disk', () => inBucket(0));
