import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderRepository } from './folder-repository.ts';

const MARK = 'budao-repository.json';
const isRoot = process.getuid?.() === 0;

let root: string;
let folder: string;
let storage: FolderRepository;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'budao-folder-'));
  folder = join(root, 'drive');
  await mkdir(folder);
  storage = new FolderRepository(folder, MARK);
  await storage.putIfAbsent(MARK, Buffer.from('{}'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a folder that is gone, or an empty mount point,', () => {
  test.each([
    ['gone', () => rename(folder, join(root, 'elsewhere'))],
    [
      'empty',
      async () => {
        await rename(folder, join(root, 'elsewhere'));
        await mkdir(folder);
      },
    ],
  ])('is away (%s): nothing is made in its place, and nothing counts as missing', async (_, takeAway) => {
    await storage.put('packs/ab/one', Buffer.from('one'));
    await takeAway();
    const unavailable = { code: 'repository_unavailable', message: expect.stringContaining(folder) };
    for (const work of [
      () => storage.put('packs/ab/two', Buffer.from('two')),
      () => storage.putIfAbsent('locks/two', Buffer.from('two')),
      () => storage.get('packs/ab/one'),
      () => storage.read('packs/ab/one'),
      () => Array.fromAsync(storage.list('packs/')),
      () => storage.delete('packs/ab/one'),
    ]) {
      await expect(work()).rejects.toMatchObject(unavailable);
    }
    const left = await readdir(root, { recursive: true });
    expect(left.filter((name) => !name.startsWith('elsewhere') && name !== 'drive')).toEqual([]);
  });
});

test.runIf(isRoot)(
  'a disk that is full says so, and keeps nothing of what did not fit (needs root, to mount a small disk)',
  async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
    try {
      await storage.putIfAbsent(MARK, Buffer.from('{}'));
      const file = join(root, 'large');
      await writeFile(file, Buffer.alloc(2 * 1024 * 1024));
      const full = { code: 'repository_full', message: expect.stringContaining('prune') };
      await expect(storage.put('packs/ab/large', Buffer.alloc(2 * 1024 * 1024))).rejects.toMatchObject(full);
      await expect(storage.putFile('packs/ab/large', file)).rejects.toMatchObject(full);
      await expect(
        storage.putIfAbsent('packs/ab/large', Buffer.alloc(2 * 1024 * 1024)),
      ).rejects.toMatchObject(full);
      expect(await readdir(join(folder, 'packs', 'ab'))).toEqual([]);
      await storage.put('packs/ab/small', Buffer.from('fits'));
      expect(String(await storage.get('packs/ab/small'))).toBe('fits');
    } finally {
      execFileSync('umount', [folder]);
    }
  },
);

test.runIf(isRoot)(
  'a disk that is read-only says so, and is read on (needs root, to mount one)',
  async () => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
    try {
      await storage.putIfAbsent(MARK, Buffer.from('{}'));
      await storage.put('packs/ab/one', Buffer.from('one'));
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      const readOnly = { code: 'repository_read_only', message: expect.stringContaining(folder) };
      await expect(storage.put('packs/ab/two', Buffer.from('two'))).rejects.toMatchObject(readOnly);
      await expect(storage.delete('packs/ab/one')).rejects.toMatchObject(readOnly);
      expect(String(await storage.get('packs/ab/one'))).toBe('one');
    } finally {
      execFileSync('umount', [folder]);
    }
  },
);

test('what a killed process was writing is no file, and goes when it is old', async () => {
  const left = join(folder, 'packs', '.tmp-1-abc');
  await mkdir(join(folder, 'packs'));
  await writeFile(left, 'half');
  expect(await Array.fromAsync(storage.list('packs/'))).toEqual([]);
  execFileSync('touch', ['-d', '2 days ago', left]);
  expect(await Array.fromAsync(storage.list('packs/'))).toEqual([]);
  expect(await readdir(join(folder, 'packs'))).toEqual([]);
});
