import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/api-error.ts';
import type { KnowledgeDocument } from '../api/types.ts';
import type { UploadOptions } from '../api/upload.ts';
import { Uploads } from './uploads.ts';

const file = (name: string) => new File(['x'], name);
const settled = () => new Promise((resolve) => setImmediate(resolve));

function harness() {
  const waiting: { name: string; finish: () => void; fail: (error: Error) => void }[] = [];
  const send = (options: UploadOptions) =>
    new Promise<KnowledgeDocument>((resolve, reject) => {
      options.onProgress(0.5);
      const document = { id: 'f', vector_store_id: 'v', status: 'in_progress', created_at: 0 } as const;
      waiting.push({ name: options.file.name, finish: () => resolve(document), fail: reject });
    });
  return { uploads: new Uploads(send), waiting };
}

describe('uploads', () => {
  it('go two at a time, in order', async () => {
    const { uploads, waiting } = harness();
    uploads.add('v', [file('1'), file('2'), file('3')]);
    expect(waiting.map(({ name }) => name)).toEqual(['1', '2']);
    waiting[0]?.finish();
    await settled();
    expect(waiting.map(({ name }) => name)).toEqual(['1', '2', '3']);
    expect(uploads.state.get().map(({ file }) => file.name)).toEqual(['2', '3']);
  });

  it('that fail stay on the list with their reason and can be tried again', async () => {
    const { uploads, waiting } = harness();
    uploads.add('v', [file('1')]);
    waiting[0]?.fail(new ApiError(413, 'too_large', 'Too large.'));
    await settled();
    const [failed] = uploads.state.get();
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'too_large' } });
    uploads.retry(failed?.key ?? 0);
    waiting[1]?.finish();
    await settled();
    expect(uploads.state.get()).toEqual([]);
  });
});
