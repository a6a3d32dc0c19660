import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { EngineCase } from './engine-case.ts';
import { type EngineStage, LEDGER } from './engine-stage.ts';

export const BUCKET_CASES: readonly EngineCase[] = [
  {
    name: 'a bucket that refuses writes',
    provoke: async (stage) => {
      stage.objects.choose = ({ method }) =>
        method === 'PUT' || method === 'POST' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : null;
      return async () => {
        stage.objects.choose = () => null;
      };
    },
    check: { kind: 'blobs', says: /AccessDenied.*Allow s3:/s },
    asking: null,
    uploading: /^storage_refused$/,
    isReady: true,
  },
  {
    name: 'a bucket that refuses reads',
    provoke: async (stage) => {
      stage.objects.choose = ({ method, path }) =>
        method === 'GET' && !path.includes('list-type')
          ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
          : null;
      return async () => {
        stage.objects.choose = () => null;
      };
    },
    check: { kind: 'blobs', says: /AccessDenied.*Allow s3:/s },
    asking: null,
    uploading: null,
    isReady: true,
    async also(_, acknowledged, file) {
      const reading = await acknowledged.read(file);
      expect(reading).toMatchObject({ status: 503, code: 'storage_refused' });
      expect(reading.message).toMatch(/AccessDenied.*Allow s3:GetObject/);
    },
  },
  {
    name: 'a bucket that lists late',
    provoke: async (stage) => {
      stage.objects.choose = ({ path }) =>
        path.includes('list-type') ? { kind: 'rewrite', rewrite: withoutContents } : null;
      return async () => {
        stage.objects.choose = () => null;
      };
    },
    check: { kind: 'blobs', says: /list after put: .* Use a store whose lists are consistent/ },
    asking: null,
    uploading: null,
    isReady: true,
  },
  {
    name: 'a bucket that has lost an object',
    provoke: async (stage, file) => {
      const { sha256, key } = await objectOf(stage, file);
      const content = Buffer.from(
        await (await stage.s3.fetch('GET', `/${stage.bucket}/${key}`)).arrayBuffer(),
      );
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
      await stage.s3.fetch('DELETE', `/${stage.bucket}/${key}`);
      // As an operator mends it: by the same file, uploaded once more.
      return async () => {
        const form = new FormData();
        form.set('purpose', 'assistants');
        form.set('file', new File([content], 'again.md'));
        expect((await stage.service.request('POST', '/v1/files', form)).status).toBe(200);
      };
    },
    check: null,
    asking: null,
    uploading: null,
    isReady: true,
    async also(_, acknowledged, file) {
      const reading = await acknowledged.read(file);
      expect(reading.code).toBe('blob_missing');
      expect(reading.message).toMatch(/missing from the store.*budao doctor/);
    },
  },
];

/** The newest is not in the list yet. */
function withoutContents(text: string): string {
  return text
    .replaceAll(/<Contents>.*?<\/Contents>/gs, '')
    .replaceAll(/<KeyCount>\d+<\/KeyCount>/g, '<KeyCount>0</KeyCount>');
}

async function objectOf(stage: EngineStage, file: string): Promise<{ sha256: string; key: string }> {
  const [row] = await stage.postgres.query(LEDGER, `SELECT sha256 FROM document WHERE id = '${file}'`);
  const sha256 = String(row?.sha256);
  const listed = await stage.s3.fetch('GET', `/${stage.bucket}?list-type=2&prefix=blobs/`);
  const key = [...(await listed.text()).matchAll(/<Key>(.*?)<\/Key>/g)].find(([, one]) =>
    one?.replaceAll('/', '').includes(sha256),
  )?.[1];
  if (key === undefined) throw new Error(`no object holds ${sha256}`);
  return { sha256, key };
}
