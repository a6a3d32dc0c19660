import { mkdtemp, open, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderBlobs } from './folder-blobs.ts';

const HOUR_MS = 60 * 60_000;

describe('blobs in a folder', () => {
  let folder: string;
  let blobs: FolderBlobs;
  const put = (content: string) => blobs.put(Readable.from([Buffer.from(content)]), { maxBytes: 1_000 });
  const age = (sha256: string) => utimes(blobs.path(sha256), new Date(0), new Date(0));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budao-blobs-'));
    blobs = new FolderBlobs(join(folder, 'blobs'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('keep one copy of the same content, and give back its bytes', async () => {
    const [one, two] = await Promise.all([put('年假'), put('年假')]);
    expect(one).toEqual(two);
    expect(one.bytes).toBe(6);
    expect(await Array.fromAsync(blobs.list())).toEqual([one.sha256]);
    expect(await text(await blobs.open(one.sha256))).toBe('年假');
    expect(await blobs.verify(one.sha256)).toBe('ok');
  });

  it('leave nothing of content that is too large or that breaks off', async () => {
    await expect(put('x'.repeat(1_001))).rejects.toMatchObject({ code: 'file_too_large' });
    const broken = new Readable({
      read() {
        this.push('half');
        this.destroy(new Error('gone'));
      },
    });
    await expect(blobs.put(broken, { maxBytes: 1_000 })).rejects.toThrow('gone');
    expect(await readdir(join(folder, 'blobs'))).toEqual([]);
  });

  it('heal a damaged copy when the same content is put again', async () => {
    const { sha256 } = await put('content');
    await writeFile(blobs.path(sha256), 'damaged');
    expect(await blobs.verify(sha256)).toBe('corrupt');
    await put('content');
    expect(await blobs.verify(sha256)).toBe('ok');
  });

  describe.each([
    { name: 'small', size: 5_000 },
    { name: 'large', size: 20 * 1024 * 1024 },
  ])('of a $name size', ({ size }) => {
    const content = Buffer.alloc(size, 'content of some length ');
    const store = () => blobs.put(Readable.from([content]), { maxBytes: size });
    const flip = async (sha256: string, at: number) => {
      await using file = await open(blobs.path(sha256), 'r+');
      await file.write(Buffer.from([content[at]! ^ 1]), 0, 1, at);
    };

    it('come back whole', async () => {
      const { sha256 } = await store();
      expect(content.equals(await buffer(await blobs.open(sha256)))).toBe(true);
    });

    it.each([0, size >> 1, size - 1])('never reach their end with the byte at %i flipped', async (at) => {
      const { sha256 } = await store();
      await flip(sha256, at);
      const read = async () => buffer(await blobs.open(sha256));
      await expect(read()).rejects.toMatchObject({ code: 'blob_corrupt' });
      expect([...(await blobs.damaged())]).toEqual([sha256]);
      await store();
      expect([...(await blobs.damaged())]).toEqual([]);
      expect((await read()).length).toBe(size);
    });
  });

  it('are no longer called damaged once a look finds them as they were stored', async () => {
    const { sha256 } = await put('content');
    await writeFile(blobs.path(sha256), 'damaged');
    expect(await blobs.verify(sha256)).toBe('corrupt');
    expect([...(await blobs.damaged())]).toEqual([sha256]);
    await writeFile(blobs.path(sha256), 'content');
    expect(await blobs.verify(sha256)).toBe('ok');
    expect([...(await blobs.damaged())]).toEqual([]);
    expect(await Array.fromAsync(blobs.list())).toEqual([sha256]);
  });

  it('keep content that was put again a moment ago, although it had lain there unused', async () => {
    const { sha256 } = await put('content');
    await age(sha256);
    await put('content');
    expect(await Array.fromAsync(blobs.list({ idleMs: HOUR_MS }))).toEqual([]);
    expect(await blobs.delete(sha256, { idleMs: HOUR_MS })).toBe(false);
    expect(await blobs.has(sha256)).toBe(true);
    await age(sha256);
    expect(await Array.fromAsync(blobs.list({ idleMs: HOUR_MS }))).toEqual([sha256]);
    expect(await blobs.delete(sha256, { idleMs: HOUR_MS })).toBe(true);
    expect(await blobs.has(sha256)).toBe(false);
    expect(await blobs.delete(sha256)).toBe(false);
    await expect(blobs.open(sha256)).rejects.toMatchObject({ code: 'blob_missing' });
  });

  it('never lose content that is put while the same one is deleted as unused', async () => {
    for (let round = 0; round < 60; round++) {
      const { sha256 } = await put('content');
      await age(sha256);
      await Promise.all([put('content'), blobs.delete(sha256, { idleMs: HOUR_MS })]);
      expect(await blobs.verify(sha256), `round ${round}`).toBe('ok');
    }
  });

  it('sweep what killed uploads left an hour ago, and nothing younger', async () => {
    await put('content');
    const [old, young] = ['.tmp-1-a', '.tmp-2-b'].map((name) => join(folder, 'blobs', name)) as [
      string,
      string,
    ];
    await writeFile(old, 'x');
    await writeFile(young, 'x');
    await utimes(old, new Date(0), new Date(0));
    expect(await blobs.sweep(Date.now())).toBe(1);
    expect((await readdir(join(folder, 'blobs'))).filter((name) => name.startsWith('.tmp'))).toEqual([
      '.tmp-2-b',
    ]);
  });
});
