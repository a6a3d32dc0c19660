import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type S3Server, startS3 } from '../../../tests/support/s3-server.ts';
import { S3FaultProxy, type SeenRequest } from '../../../tests/support/s3-server-faults.ts';
import { S3Blobs } from './s3-blobs.ts';
import { S3Client } from './s3-client.ts';
import { fixedCredentials, type S3CredentialsSource } from './s3-credentials.ts';
import type { S3Limits } from './s3-options.ts';

const LARGE_BYTES = 30 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;

let server: S3Server;
let proxy: S3FaultProxy;
let scratchFolder: string;
let bucket: string;
const clients: S3Client[] = [];

beforeAll(async () => {
  server = await startS3();
  proxy = await S3FaultProxy.before(server);
  scratchFolder = await mkdtemp(join(tmpdir(), 'budao-scratch-'));
}, 120_000);
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(scratchFolder, { recursive: true, force: true });
});
beforeEach(async () => {
  proxy.choose = () => null;
  proxy.seen.length = 0;
  bucket = await server.createBucket();
});

function open(
  options: {
    endpoint?: string;
    limits?: Partial<S3Limits>;
    credentials?: S3CredentialsSource;
    bucket?: string;
  } = {},
): S3Blobs {
  const client = new S3Client({
    endpoint: proxy.endpoint,
    region: server.region,
    bucket,
    prefix: '',
    addressing: 'path',
    credentials: fixedCredentials({ ...server.user, sessionToken: null }),
    ...options,
  });
  clients.push(client);
  return new S3Blobs({ client, scratchFolder });
}

const put = (blobs: S3Blobs, content: Buffer | string) =>
  blobs.put(Readable.from([Buffer.from(content)]), { maxBytes: MAX_BYTES });
const read = async (blobs: S3Blobs, sha256: string) => buffer(await blobs.open(sha256));
const isGetOf = (folder: string) => (request: SeenRequest) =>
  request.method === 'GET' && request.path.startsWith(`/${bucket}/${folder}`);

/** The first so many requests that match meet the fault. */
function first(count: number, matches: (request: SeenRequest) => boolean) {
  let left = count;
  return (request: SeenRequest) => matches(request) && left-- > 0;
}

describe('a bucket that', () => {
  test('is busy for a moment is asked again, after a pause', async () => {
    const isFirst = first(3, () => true);
    proxy.choose = (request) => (isFirst(request) ? { kind: 'refuse', status: 503, code: 'SlowDown' } : null);
    const { sha256 } = await put(open(), 'content');
    expect(await open().verify(sha256)).toBe('ok');
  });

  test('answers too late for anybody to hear it has the content all the same', async () => {
    const isPut = first(1, ({ method, path }) => method === 'PUT' && path.includes('blobs/'));
    const isComplete = first(1, ({ method, path }) => method === 'POST' && path.includes('uploadId='));
    proxy.choose = (request) => (isPut(request) || isComplete(request) ? { kind: 'lost-answer' } : null);
    const blobs = open();
    const content = randomBytes(LARGE_BYTES);
    const small = await put(blobs, 'content');
    const large = await put(blobs, content);
    expect(await blobs.verify(small.sha256)).toBe('ok');
    expect((await read(blobs, large.sha256)).equals(content)).toBe(true);
  });

  test('breaks its answers off is read on from there', async () => {
    const content = randomBytes(LARGE_BYTES);
    const blobs = open();
    const { sha256 } = await put(blobs, content);
    const isFirst = first(3, isGetOf('blobs/'));
    proxy.choose = (request) => (isFirst(request) ? { kind: 'cut', afterBytes: 5_000_000 } : null);
    expect((await read(blobs, sha256)).equals(content)).toBe(true);
    expect(proxy.seen.filter(isGetOf('blobs/')).length).toBe(4);
    expect([...(await blobs.damaged())]).toEqual([]);
  });

  test('breaks every answer off at its first byte fails the reader, who may come again', async () => {
    const blobs = open();
    const { sha256 } = await put(blobs, randomBytes(LARGE_BYTES));
    proxy.choose = (request) => (isGetOf('blobs/')(request) ? { kind: 'cut', afterBytes: 0 } : null);
    await expect(read(blobs, sha256)).rejects.toMatchObject({ code: 'storage_unavailable' });
    proxy.choose = () => null;
    expect((await read(blobs, sha256)).length).toBe(LARGE_BYTES);
  });

  test('sends bytes that are changed on their way does not make the blob a damaged one', async () => {
    const blobs = open();
    const { sha256 } = await put(blobs, 'content');
    const isFirst = first(1, isGetOf('blobs/'));
    proxy.choose = (request) => (isFirst(request) ? { kind: 'flip', position: 3 } : null);
    await expect(read(blobs, sha256)).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect([...(await blobs.damaged())]).toEqual([]);
    expect((await read(blobs, sha256)).toString()).toBe('content');
  });

  test('loses what it has just taken is put to again, and told when it goes on', async () => {
    const blobs = open();
    const isHead = ({ method, path }: SeenRequest) => method === 'HEAD' && path.includes('blobs/');
    const isFirst = first(1, isHead);
    proxy.choose = (request) =>
      isFirst(request) ? { kind: 'refuse', status: 404, code: 'NoSuchKey' } : null;
    expect(await blobs.verify((await put(blobs, 'content')).sha256)).toBe('ok');
    proxy.choose = (request) => (isHead(request) ? { kind: 'refuse', status: 404, code: 'NoSuchKey' } : null);
    await expect(put(blobs, 'other')).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  test('is full says so', async () => {
    proxy.choose = ({ method }) =>
      method === 'PUT' ? { kind: 'refuse', status: 403, code: 'QuotaExceeded' } : null;
    await expect(put(open(), 'content')).rejects.toMatchObject({ code: 'storage_full' });
  });

  test('is slow is waited for, one that says nothing is not', async () => {
    const limits = { silenceTimeoutMs: 700, deadlineMs: 3_000, maxTries: 3 };
    const blobs = open({ limits });
    proxy.choose = () => ({ kind: 'slow', delayMs: 200 });
    const { sha256 } = await put(blobs, 'content');
    proxy.choose = () => ({ kind: 'silent' });
    await expect(blobs.has(sha256)).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(put(blobs, 'other')).rejects.toMatchObject({ code: 'storage_unavailable' });
    proxy.choose = () => null;
    expect(await blobs.has(sha256)).toBe(true);
  });

  test('fails altogether is not asked many times more than usual', async () => {
    const blobs = open({ limits: { retryBudget: 10, firstPauseMs: 1, longestPauseMs: 2 } });
    proxy.choose = () => ({ kind: 'refuse', status: 500, code: 'InternalError' });
    const asked = await Promise.allSettled(Array.from({ length: 40 }, () => blobs.has('0'.repeat(64))));
    expect(asked.every(({ status }) => status === 'rejected')).toBe(true);
    expect(proxy.seen.length).toBeLessThanOrEqual(50);
  });
});

describe('what is refused is said with what to do, and never with a key', () => {
  const never = '0'.repeat(64);

  test.each([
    ['a wrong secret', { secretAccessKey: 'wrong-secret-key' }, /does not belong/],
    ['an unknown key', { accessKeyId: 'NOSUCHKEY' }, /does not know this access key/],
  ])('%s', async (_, wrong, advice) => {
    const credentials = fixedCredentials({ ...server.user, sessionToken: null, ...wrong });
    const blobs = open({ endpoint: server.endpoint, credentials });
    const error = await blobs.damaged().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'storage_refused', message: expect.stringMatching(advice) });
    const { secretAccessKey } = { ...server.user, ...wrong } as { secretAccessKey: string };
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secretAccessKey);
  });

  test('a missing bucket, which is no empty one', async () => {
    const blobs = open({ endpoint: server.endpoint, bucket: 'no-such-bucket' });
    const refused = { code: 'storage_refused', message: expect.stringContaining('NoSuchBucket') };
    await expect(blobs.open(never)).rejects.toMatchObject(refused);
    await expect(put(blobs, 'content')).rejects.toMatchObject(refused);
    await expect(blobs.verify(never)).rejects.toMatchObject(refused);
  });

  test('a right that is missing', async () => {
    const { sha256 } = await put(open(), 'content');
    const user = await server.createUser(bucket, ['GetObject', 'ListBucket']);
    const reader = open({
      endpoint: server.endpoint,
      credentials: fixedCredentials({ ...user, sessionToken: null }),
    });
    expect((await read(reader, sha256)).toString()).toBe('content');
    const refused = { code: 'storage_refused', message: expect.stringContaining('s3:PutObject') };
    await expect(put(reader, 'other')).rejects.toMatchObject(refused);
    await expect(reader.delete(sha256)).rejects.toMatchObject({ code: 'storage_refused' });
  });

  test('keys that were replaced in their file are read again', async () => {
    let current = { ...server.user, accessKeyId: 'OLDKEY', sessionToken: null };
    const credentials: S3CredentialsSource = {
      current: async () => current,
      async renew() {
        current = { ...server.user, sessionToken: null };
        return true;
      },
    };
    await expect(open({ endpoint: server.endpoint, credentials }).has(never)).resolves.toBe(false);
  });
});

test('a clock that is twenty minutes off costs one refusal, and no more', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 20 * 60_000 });
  try {
    const blobs = open({ endpoint: server.endpoint });
    expect(await blobs.has('0'.repeat(64))).toBe(false);
    const { sha256 } = await put(blobs, 'content');
    expect((await read(blobs, sha256)).toString()).toBe('content');
    expect(await blobs.delete(sha256)).toBe(true);
    expect(await blobs.has(sha256)).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

describe('the server', () => {
  test('killed in the middle of an upload and started again gets the rest, and has the whole', async () => {
    const blobs = open({ endpoint: server.endpoint });
    const content = randomBytes(LARGE_BYTES);
    async function* pieces() {
      for (let start = 0; start < content.length; start += 1_000_000) {
        if (start === 20_000_000) {
          await server.killGateway();
          setTimeout(() => void server.startGateway(), 300);
        }
        yield content.subarray(start, start + 1_000_000);
      }
    }
    const { sha256 } = await blobs.put(Readable.from(pieces()), { maxBytes: MAX_BYTES });
    expect((await read(blobs, sha256)).equals(content)).toBe(true);
  });

  test('killed for good leaves the writer with an error, and nothing half there', async () => {
    const blobs = open({ endpoint: server.endpoint, limits: { deadlineMs: 1_500 } });
    async function* pieces() {
      yield randomBytes(20_000_000);
      await server.killGateway();
      yield randomBytes(20_000_000);
    }
    const cut = blobs.put(Readable.from(pieces()), { maxBytes: MAX_BYTES });
    await expect(cut).rejects.toMatchObject({ code: 'storage_unavailable' });
    await server.startGateway();
    expect(await Array.fromAsync(blobs.list())).toEqual([]);
  });

  test('with its power off and on again has what it had acknowledged', async () => {
    const blobs = open({ endpoint: server.endpoint });
    const large = await put(blobs, randomBytes(LARGE_BYTES));
    const small = await put(blobs, 'content');
    await server.kill();
    await server.start();
    for (const { sha256 } of [large, small]) expect(await blobs.verify(sha256)).toBe('ok');
  }, 120_000);

  test('frozen is given up within the time limit, and used again when it thaws', async () => {
    const blobs = open({
      endpoint: server.endpoint,
      limits: { silenceTimeoutMs: 600, deadlineMs: 1_500, maxTries: 2 },
    });
    const { sha256 } = await put(blobs, 'content');
    server.freeze();
    try {
      await expect(read(blobs, sha256)).rejects.toMatchObject({ code: 'storage_unavailable' });
      await expect(put(blobs, randomBytes(LARGE_BYTES))).rejects.toMatchObject({
        code: 'storage_unavailable',
      });
    } finally {
      server.thaw();
    }
    expect((await read(blobs, sha256)).toString()).toBe('content');
  });
});
