import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { type S3Server, startS3 } from '../../../tests/support/s3-server.ts';
import { blobStoreConformance, type FreshBlobs } from '../../knowledge/blob-store.suite.ts';
import { S3Blobs } from './s3-blobs.ts';
import { S3Client } from './s3-client.ts';
import { fixedCredentials } from './s3-credentials.ts';

const IDLE_MS = 3_000;

let server: S3Server;
let scratchFolder: string;

beforeAll(async () => {
  server = await startS3();
  scratchFolder = await mkdtemp(join(tmpdir(), 'budao-scratch-'));
}, 120_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(scratchFolder, { recursive: true, force: true });
});

async function createFresh(): Promise<FreshBlobs> {
  const bucket = await server.createBucket();
  const cleanup = new AsyncDisposableStack();
  const open = () => {
    const client = cleanup.use(
      new S3Client({
        endpoint: server.endpoint,
        region: server.region,
        bucket,
        prefix: 'knowledge/',
        addressing: 'path',
        credentials: fixedCredentials({ ...server.user, sessionToken: null }),
      }),
    );
    return new S3Blobs({ client, scratchFolder });
  };
  const path = (sha256: string) => `/${bucket}/knowledge/blobs/${sha256}`;
  return {
    blobs: open(),
    another: async () => open(),
    async flip(sha256, position) {
      const bytes = Buffer.from(await (await server.fetch('GET', path(sha256))).arrayBuffer());
      bytes[position] = (bytes[position] as number) ^ 1;
      await server.fetch('PUT', path(sha256), bytes);
    },
    async lose(sha256) {
      await server.fetch('DELETE', path(sha256));
    },
    age: () => sleep(IDLE_MS + 1_100),
    idleMs: IDLE_MS,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

blobStoreConformance('a bucket', createFresh);
