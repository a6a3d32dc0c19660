import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FolderBlobs } from '../blobs/folder-blobs.ts';
import { createFolderObjectStore } from '../index/folder-object-store.ts';
import { FolderClock } from './folder-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-clock-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

test.each([DAY_MS, -DAY_MS])(
  'a machine whose clock is off by %i ms takes files for as old as they are',
  async (offMs) => {
    const blobs = new FolderBlobs(join(folder, 'blobs'));
    const [young, old] = await Promise.all(
      ['young', 'old'].map((text) => blobs.put(Readable.from([text]), { maxBytes: 100 })),
    );
    const longAgo = new Date(Date.now() - 2 * HOUR_MS);
    await utimes(blobs.path(old?.sha256 ?? ''), longAgo, longAgo);
    const objects = createFolderObjectStore(join(folder, 'index'));
    await objects.put('table/one', Buffer.from('x'));
    vi.useFakeTimers({ now: Date.now() + offMs, toFake: ['Date'] });
    expect(await Array.fromAsync(blobs.list({ idleMs: HOUR_MS }))).toEqual([old?.sha256]);
    expect(await blobs.delete(young?.sha256 ?? '', { idleMs: HOUR_MS })).toBe(false);
    const [listed] = await Array.fromAsync(objects.list('table/'));
    expect(listed?.ageMs).toBeLessThan(HOUR_MS);
    expect((await readdir(folder, { recursive: true })).filter((name) => name.includes('.tmp-'))).toEqual([]);
  },
);

test('a folder that cannot be asked for its time holds nothing that is old', async () => {
  expect(await new FolderClock(join(folder, 'gone')).ageOf(0)).toBe(0);
});
