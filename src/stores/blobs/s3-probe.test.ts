import { describe, expect, test } from 'vitest';
import { faultyS3 } from '../../../tests/support/faulty-s3.ts';
import type { S3User } from '../../../tests/support/s3-server.ts';
import type { Fault, SeenRequest } from '../../../tests/support/s3-server-faults.ts';
import { freePort } from '../../drills/laboratory/free-port.ts';
import { S3Client } from './s3-client.ts';
import { fixedCredentials } from './s3-credentials.ts';
import type { S3Checksum } from './s3-options.ts';
import { probeBucket, requireSuitable, type S3Probe } from './s3-probe.ts';

const s3 = faultyS3();

async function probe(
  options: { endpoint?: string; bucket?: string; user?: S3User; checksum?: S3Checksum } = {},
): Promise<S3Probe> {
  await using client = new S3Client({
    endpoint: options.endpoint ?? s3.server.endpoint,
    region: s3.server.region,
    bucket: options.bucket ?? s3.bucket,
    prefix: 'knowledge/',
    addressing: 'path',
    credentials: fixedCredentials({ ...(options.user ?? s3.server.user), sessionToken: null }),
    checksum: options.checksum ?? 'none',
    limits: { maxTries: 2 },
  });
  return await probeBucket(client);
}

const unmet = ({ findings }: S3Probe) => findings.filter(({ isMet }) => !isMet).map(({ name }) => name);
const keysIn = async () => (await s3.server.fetch('GET', `/${s3.bucket}?list-type=2`)).text();

test('a store that does everything is fit for both, and has nothing left of the probe', async () => {
  for (const checksum of ['none', 'md5', 'sha256'] as const) {
    const found = await probe({ checksum });
    expect(unmet(found)).toEqual([]);
    expect(Math.abs(found.clockSkewMs as number)).toBeLessThan(5_000);
    requireSuitable(found, 'blobs');
    requireSuitable(found, 'index');
  }
  expect(await keysIn()).not.toContain('<Key>');
});

describe('the probe notices', () => {
  const isConditional = ({ isConditional }: SeenRequest) => isConditional;
  const refused: Fault = { kind: 'refuse', status: 403, code: 'AccessDenied' };
  const cases: [string, string, (request: SeenRequest) => Fault | null, ('blobs' | 'index')[]][] = [
    [
      'a store that ignores conditions',
      'conditional put',
      (request) => (isConditional(request) ? { kind: 'unconditional' } : null),
      ['index'],
    ],
    [
      'a store that takes two of several conditional puts at once',
      'conditional put',
      (request) => (request.path.endsWith('race') ? { kind: 'unconditional' } : null),
      ['index'],
    ],
    [
      'a store that does not know conditions at all',
      'conditional put',
      (request) => (isConditional(request) ? { kind: 'refuse', status: 501, code: 'NotImplemented' } : null),
      ['index'],
    ],
    [
      'a list that shows new objects later',
      'list after put',
      (request) => (request.path.includes('list-type') ? { kind: 'rewrite', rewrite: withoutObjects } : null),
      ['blobs', 'index'],
    ],
    [
      'a store without multipart uploads',
      'multipart upload and copy',
      ({ method }) => (method === 'POST' ? { kind: 'refuse', status: 501, code: 'NotImplemented' } : null),
      ['blobs'],
    ],
    [
      'a missing right to delete',
      'right to delete',
      ({ method }) => (method === 'DELETE' ? refused : null),
      ['blobs', 'index'],
    ],
  ];

  test.each(cases)('%s', async (_, name, choose, uses) => {
    s3.proxy.choose = choose;
    const found = await probe({ endpoint: s3.proxy.endpoint });
    expect(unmet(found)).toContain(name);
    for (const use of ['blobs', 'index'] as const) {
      const require = () => requireSuitable(found, use);
      if (uses.includes(use))
        expect(require).toThrow(expect.objectContaining({ code: 'storage_unsuitable' }));
      else expect(require).not.toThrow();
    }
  });

  test('which of its rights a key lacks', async () => {
    const user = await s3.server.createUser(s3.bucket, ['GetObject', 'ListBucket']);
    const found = await probe({ user });
    expect(unmet(found)).toEqual(['right to put', 'right to delete']);
    expect(() => requireSuitable(found, 'blobs')).toThrow(/Allow s3:PutObject.*Allow s3:DeleteObject/);
  });

  test('a server that is not there', async () => {
    const found = await probe({ endpoint: `http://127.0.0.1:${await freePort()}` });
    expect(unmet(found)).toEqual(['connection']);
    expect(() => requireSuitable(found, 'index')).toThrow(/cannot be reached/);
  });

  test('a bucket that is not there', async () => {
    const found = await probe({ bucket: 'no-such-bucket' });
    expect(() => requireSuitable(found, 'blobs')).toThrow(/NoSuchBucket/);
  });
});

function withoutObjects(text: string): string {
  return text.replaceAll(/<Contents>.*?<\/Contents>/gs, '');
}
