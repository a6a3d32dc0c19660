import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { BudaoError } from '../contract/errors.ts';
import type { BlobStore, LocalBlobs } from '../knowledge/ports.ts';
import { Dependency } from './dependency.ts';
import { guardBlobs, speaksAgainstBlobs } from './guarded-blobs.ts';

test('a slow upload keeps no reader waiting for the store to show that it works again', async () => {
  const dependency = new Dependency({
    name: 'blobs',
    kind: 'blobs',
    circuit: { restMs: 600_000 },
    isFailure: speaksAgainstBlobs,
  });
  let isAway = true;
  const sent = Promise.withResolvers<{ sha256: string; bytes: number }>();
  const blobs = guardBlobs(
    {
      put: () => sent.promise,
      has: async () => {
        if (isAway) throw new BudaoError('unavailable', 'storage_unavailable', 'Away.');
        return true;
      },
    } as unknown as BlobStore & LocalBlobs,
    dependency,
  );
  for (let calls = 0; calls < 3; calls++) await expect(blobs.has('a')).rejects.toThrow('Away.');
  await expect(blobs.put(Readable.from([]), { maxBytes: 1 })).rejects.toMatchObject({
    code: 'dependency_resting',
  });
  isAway = false;
  dependency.endRest();
  const upload = blobs.put(Readable.from([]), { maxBytes: 1 });
  await new Promise(setImmediate);
  expect(await blobs.has('a')).toBe(true);
  sent.resolve({ sha256: 'a', bytes: 1 });
  expect(await upload).toEqual({ sha256: 'a', bytes: 1 });
});
