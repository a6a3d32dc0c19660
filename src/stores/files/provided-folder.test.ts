import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderBlobs } from '../blobs/folder-blobs.ts';
import { createFolderObjectStore } from '../index/folder-object-store.ts';
import { makeFolderWithin, type ProvidedFolder } from './provided-folder.ts';

const MARK = '.mark';
const SHA256 = 'a'.repeat(64);

describe('a folder that somebody else provides', () => {
  let machine: string;
  let provided: ProvidedFolder;
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  beforeEach(async () => {
    machine = await mkdtemp(join(tmpdir(), 'budao-provided-'));
    provided = { path: join(machine, 'drive', 'budao'), mark: MARK };
    await mkdir(provided.path, { recursive: true });
    await writeFile(join(provided.path, MARK), '');
  });
  afterEach(() => rm(machine, { recursive: true, force: true }));

  const AWAY: [string, () => Promise<void>][] = [
    ['is gone with its drive', () => rename(join(machine, 'drive'), join(machine, 'elsewhere'))],
    [
      'is an empty mount point',
      async () => {
        await rename(provided.path, join(machine, 'elsewhere'));
        await mkdir(provided.path);
      },
    ],
  ];

  test('gets what is missing below it, made by several at once', async () => {
    const deep = join(provided.path, 'a', 'b', 'c');
    await Promise.all([1, 2, 3, 4].map(() => makeFolderWithin(provided, deep)));
    expect(await isThere(deep)).toBe(true);
  });

  describe.each(AWAY)('and %s', (_, takeAway) => {
    const left = async (): Promise<string[]> =>
      (await readdir(machine, { recursive: true })).filter((name) => !name.startsWith('elsewhere')).sort();

    test.each([
      ['documents that are stored', () => blobs().put(Readable.from(['content']), { maxBytes: 100 })],
      ['documents that are looked for', () => blobs().has(SHA256)],
      ['an index that is written', () => index().put('table/files/1', Buffer.from('x'))],
      ['an index that is published', () => index().putIfAbsent('table/versions/1', Buffer.from('x'))],
      ['an index that is looked for', () => index().get('table/versions/1')],
      ['an index that is listed', () => Array.fromAsync(index().list('table/versions/'))],
    ])('is not made anew by %s, which say what is missing', async (__, work) => {
      await takeAway();
      const before = await left();
      await expect(work()).rejects.toMatchObject({
        code: 'storage_unavailable',
        message: expect.stringContaining(provided.path),
      });
      expect(await left()).toEqual(before);
    });
  });

  const blobs = (): FolderBlobs => new FolderBlobs(join(provided.path, 'blobs'), provided);
  const index = () => createFolderObjectStore(provided.path, provided);

  test('that vanishes while a document comes in loses nothing but that document, and stays away', async () => {
    const store = blobs();
    await store.put(Readable.from(['first']), { maxBytes: 100 });
    const content = async function* () {
      yield 'second';
      await rename(join(machine, 'drive'), join(machine, 'elsewhere'));
    };
    await expect(store.put(Readable.from(content()), { maxBytes: 100 })).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(await readdir(machine)).toEqual(['elsewhere']);
  });
});
