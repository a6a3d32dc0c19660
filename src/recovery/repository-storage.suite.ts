/** What every RepositoryStorage must do, as a list of named checks; each gets a fresh, empty place. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { RepositoryStorage } from './ports.ts';

export interface FreshStorage extends AsyncDisposable {
  storage: RepositoryStorage;
  /** An independent handle on the same place, as another machine would have it. */
  another(): Promise<RepositoryStorage>;
}

export interface RepositoryStorageCheck {
  name: string;
  run(fresh: FreshStorage): Promise<void>;
}

const LARGE_BYTES = 9 * 1024 * 1024 + 12_345;

export const repositoryStorageChecks: RepositoryStorageCheck[] = [
  {
    name: 'bytes come back as they were put, whatever their number',
    async run({ storage, another }) {
      const other = await another();
      for (const size of [0, 1, 5_000, LARGE_BYTES]) {
        const content = randomBytes(size);
        await storage.put(`packs/ab/${size}`, content);
        assert.ok((await other.get(`packs/ab/${size}`))?.equals(content), `${size} bytes`);
        assert.ok(
          (await buffer((await other.read(`packs/ab/${size}`)) as Readable)).equals(content),
          `${size} bytes read`,
        );
      }
    },
  },
  {
    name: 'a file of this machine arrives whole, and stays where it was',
    async run({ storage, another }) {
      const path = join(tmpdir(), `budao-put-${randomBytes(6).toString('hex')}`);
      for (const size of [0, 5_000, LARGE_BYTES]) {
        const content = randomBytes(size);
        await writeFile(path, content);
        await storage.putFile(`packs/cd/${size}`, path);
        await storage.putFile(`packs/ef/${size}`, path);
        assert.ok((await (await another()).get(`packs/cd/${size}`))?.equals(content), `${size} bytes`);
      }
      await rm(path);
      await assert.rejects(storage.putFile('packs/cd/none', path), { code: 'repository_unavailable' });
      assert.equal(await storage.get('packs/cd/none'), null);
    },
  },
  {
    name: 'what is not there is nothing, and nothing worse',
    async run({ storage }) {
      assert.equal(await storage.get('snapshots/none'), null);
      assert.equal(await storage.read('snapshots/none'), null);
      await storage.delete('snapshots/none');
      assert.deepEqual(await Array.fromAsync(storage.list('snapshots/')), []);
    },
  },
  {
    name: 'a put replaces what was there, and a deletion removes it, for every handle',
    async run({ storage, another }) {
      const other = await another();
      await storage.put('a/file', Buffer.from('one'));
      await other.put('a/file', Buffer.from('two'));
      assert.equal(String(await storage.get('a/file')), 'two');
      await storage.delete('a/file');
      assert.equal(await other.get('a/file'), null);
      assert.deepEqual(await Array.fromAsync(other.list('a/')), []);
    },
  },
  {
    name: 'of many who make the same file one does, and the others leave it as it is',
    async run({ storage, another }) {
      const other = await another();
      const makers = Array.from({ length: 8 }, (_, number) =>
        (number % 2 === 0 ? storage : other).putIfAbsent('locks/one', Buffer.from(`maker ${number}`)),
      );
      const made = await Promise.all(makers);
      assert.equal(made.filter(Boolean).length, 1);
      assert.equal(String(await other.get('locks/one')), `maker ${made.indexOf(true)}`);
      assert.equal(await storage.putIfAbsent('locks/one', Buffer.from('late')), false);
    },
  },
  {
    name: 'all below a prefix are listed at any depth, in order, with their sizes and times, and nothing else',
    async run({ storage, another }) {
      const keys = ['b/1', 'b/2/deep/er', 'b/2.json', 'bb/3', 'c', 'b/prune-a.1', 'b/prune-a.2'];
      for (const [size, key] of keys.entries()) await storage.put(key, Buffer.alloc(size));
      const other = await another();
      const listed = await Array.fromAsync(other.list('b/'));
      assert.deepEqual(
        listed.map(({ key, bytes }) => [key, bytes]),
        [
          ['b/1', 0],
          ['b/2.json', 2],
          ['b/2/deep/er', 1],
          ['b/prune-a.1', 5],
          ['b/prune-a.2', 6],
        ],
      );
      const keysOf = async (prefix: string) =>
        (await Array.fromAsync(other.list(prefix))).map(({ key }) => key);
      assert.deepEqual(await keysOf('b/prune-a.'), ['b/prune-a.1', 'b/prune-a.2']);
      assert.deepEqual(await keysOf('c'), ['c']);
      // One clock dates all files of a place: of two puts the later is not the younger.
      const times = listed.map(({ modifiedAt }) => modifiedAt);
      assert.ok(times.every((time) => Math.abs(time - (times[0] ?? 0)) < 60_000 && time > Date.UTC(2020)));
    },
  },
  {
    name: 'a reader that stops early leaves the file as it was',
    async run({ storage }) {
      const content = randomBytes(LARGE_BYTES);
      await storage.put('packs/large', content);
      const stream = (await storage.read('packs/large')) as Readable;
      for await (const piece of stream as AsyncIterable<Buffer>) {
        assert.ok(piece.length > 0);
        break;
      }
      stream.destroy();
      assert.ok((await storage.get('packs/large'))?.equals(content));
    },
  },
  {
    name: 'a hundred puts at once are all there',
    async run({ storage, another }) {
      const keys = Array.from({ length: 100 }, (_, number) => `packs/${number % 7}/${number}`);
      await Promise.all(keys.map((key) => storage.put(key, Buffer.from(key))));
      const other = await another();
      const listed = await Array.fromAsync(other.list('packs/'));
      assert.deepEqual(listed.map(({ key }) => key).toSorted(), keys.toSorted());
      assert.equal(String(await other.get('packs/3/10')), 'packs/3/10');
    },
  },
];

export function repositoryStorageConformance(name: string, createFresh: () => Promise<FreshStorage>): void {
  describe(`${name} as a RepositoryStorage`, () => {
    test.each(repositoryStorageChecks)('$name', async ({ run }) => {
      await using fresh = await createFresh();
      await expect(run(fresh)).resolves.toBeUndefined();
    });
  });
}
