/** What every BlobStore must do, as a list of named checks; each gets a fresh, empty store. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { BlobStore, LocalBlobs } from './ports.ts';

export interface FreshBlobs extends AsyncDisposable {
  blobs: BlobStore & LocalBlobs;
  /** An independent handle on the same storage, as another process would have it. */
  another(): Promise<BlobStore & LocalBlobs>;
  /** Changes one stored byte behind the store's back, as a failing disk does. */
  flip(sha256: string, position: number): Promise<void>;
  /** Takes it away behind the store's back. */
  lose(sha256: string): Promise<void>;
  /** Resolves when these have lain there for longer than `idleMs`. */
  age(sha256s: readonly string[]): Promise<void>;
  /** An age that nothing reaches by itself while a check works. */
  idleMs: number;
}

export interface BlobStoreCheck {
  name: string;
  run(fresh: FreshBlobs): Promise<void>;
}

const MAX_BYTES = 64 * 1024 * 1024;
const LARGE_BYTES = 20 * 1024 * 1024 + 12_345;

export const blobStoreChecks: BlobStoreCheck[] = [
  {
    name: 'bytes come back as they were put, whatever their number',
    async run({ blobs, another }) {
      const other = await another();
      for (const size of [0, 1, 5_000, 8 * 1024 * 1024, LARGE_BYTES]) {
        const content = randomBytes(size);
        const stored = await put(blobs, content);
        assert.deepEqual(stored, { sha256: sha256(content), bytes: size });
        assert.ok((await buffer(await other.open(stored.sha256))).equals(content), `${size} bytes`);
        assert.equal(await other.verify(stored.sha256), 'ok');
      }
    },
  },
  {
    name: 'the same content is one blob, for every handle',
    async run({ blobs, another }) {
      const other = await another();
      const [one, two] = await Promise.all([put(blobs, '年假'), put(other, '年假')]);
      assert.deepEqual(one, two);
      assert.deepEqual(await Array.fromAsync(other.list()), [one.sha256]);
      assert.equal(await text(await other.open(one.sha256)), '年假');
    },
  },
  {
    name: 'content that is too large or breaks off leaves nothing',
    async run({ blobs }) {
      for (const size of [1_000, LARGE_BYTES]) {
        const tooLarge = blobs.put(Readable.from([Buffer.alloc(size + 1)]), { maxBytes: size });
        await assert.rejects(tooLarge, { code: 'file_too_large' });
        await assert.rejects(blobs.put(breakingOff(size), { maxBytes: MAX_BYTES }), /gone/);
      }
      assert.deepEqual(await Array.fromAsync(blobs.list()), []);
    },
  },
  {
    name: 'what is not there is missing, and nothing worse',
    async run({ blobs }) {
      const never = sha256('never stored');
      assert.equal(await blobs.has(never), false);
      assert.equal(await blobs.verify(never), 'missing');
      assert.equal(await blobs.delete(never), false);
      await assert.rejects(blobs.open(never), { code: 'blob_missing' });
      assert.deepEqual(await Array.fromAsync(blobs.list()), []);
      assert.deepEqual([...(await blobs.damaged())], []);
      assert.equal(await blobs.sweep(Date.now()), 0);
    },
  },
  ...[5_000, LARGE_BYTES].map((size) => ({
    name: `${size} bytes with one of them flipped never reach their end, and are marked until they are put again`,
    async run({ blobs, another, flip }: FreshBlobs) {
      const content = randomBytes(size);
      const stored = await put(blobs, content);
      await flip(stored.sha256, size - 1);
      const other = await another();
      await assert.rejects(async () => buffer(await other.open(stored.sha256)), { code: 'blob_corrupt' });
      assert.deepEqual([...(await blobs.damaged())], [stored.sha256]);
      assert.equal(await blobs.verify(stored.sha256), 'corrupt');
      await put(blobs, content);
      assert.deepEqual([...(await other.damaged())], []);
      assert.ok((await buffer(await other.open(stored.sha256))).equals(content));
    },
  })),
  {
    name: 'a look that finds a blob whole takes its mark off, one that finds it damaged sets it',
    async run({ blobs, flip }) {
      const stored = await put(blobs, 'content');
      await flip(stored.sha256, 3);
      assert.equal(await blobs.verify(stored.sha256), 'corrupt');
      assert.deepEqual([...(await blobs.damaged())], [stored.sha256]);
      await flip(stored.sha256, 3);
      assert.equal(await blobs.verify(stored.sha256), 'ok');
      assert.deepEqual([...(await blobs.damaged())], []);
      assert.deepEqual(await Array.fromAsync(blobs.list()), [stored.sha256]);
    },
  },
  {
    name: 'a lost blob is told as missing, and put again it is there',
    async run({ blobs, lose }) {
      const stored = await put(blobs, 'content');
      await lose(stored.sha256);
      assert.equal(await blobs.has(stored.sha256), false);
      assert.equal(await blobs.verify(stored.sha256), 'missing');
      await assert.rejects(blobs.open(stored.sha256), { code: 'blob_missing' });
      await put(blobs, 'content');
      assert.equal(await blobs.verify(stored.sha256), 'ok');
    },
  },
  {
    name: 'all are listed, and deleted ones are not',
    async run({ blobs, another }) {
      const names = [];
      for (let number = 0; number < 12; number += 1) names.push((await put(blobs, `${number}`)).sha256);
      const other = await another();
      assert.equal(await other.delete(names[0] as string), true);
      assert.equal(await blobs.has(names[0] as string), false);
      assert.equal(await blobs.delete(names[0] as string), false);
      assert.deepEqual((await Array.fromAsync(blobs.list())).sort(), names.slice(1).sort());
    },
  },
  {
    name: 'content that was put again a moment ago is kept, although it had lain there unused',
    async run({ blobs, age, idleMs }) {
      const { sha256: name } = await put(blobs, 'content');
      await age([name]);
      await put(blobs, 'content');
      assert.deepEqual(await Array.fromAsync(blobs.list({ idleMs })), []);
      assert.equal(await blobs.delete(name, { idleMs }), false);
      assert.equal(await blobs.has(name), true);
      await age([name]);
      assert.deepEqual(await Array.fromAsync(blobs.list({ idleMs })), [name]);
      assert.equal(await blobs.delete(name, { idleMs }), true);
      assert.equal(await blobs.has(name), false);
    },
  },
  {
    name: 'content that is put while another handle deletes the same as unused is there afterwards',
    async run({ blobs, another, age, idleMs }) {
      const other = await another();
      const contents = Array.from({ length: 8 }, (_, number) => `content ${number}`);
      for (const content of contents) await put(blobs, content);
      await age(contents.map(sha256));
      await Promise.all(
        contents.flatMap((content) => [
          put(blobs, content),
          other.delete(sha256(content), { idleMs }),
          put(other, content),
        ]),
      );
      for (const content of contents) assert.equal(await blobs.verify(sha256(content)), 'ok');
    },
  },
  {
    name: 'a parser in another process finds the bytes in a file, until it lets go',
    async run({ blobs }) {
      const content = randomBytes(LARGE_BYTES);
      const stored = await put(blobs, content);
      await using copy = await blobs.localCopy(stored.sha256);
      assert.ok((await readFile(copy.path)).equals(content));
    },
  },
];

export function blobStoreConformance(name: string, createFresh: () => Promise<FreshBlobs>): void {
  describe(`${name} as a BlobStore`, () => {
    test.each(blobStoreChecks)('$name', async ({ run }) => {
      await using fresh = await createFresh();
      await expect(run(fresh)).resolves.toBeUndefined();
    });
  });
}

function put(blobs: BlobStore, content: string | Buffer): Promise<{ sha256: string; bytes: number }> {
  const bytes = Buffer.from(content);
  // In pieces of odd sizes, as a network brings them.
  const pieces = Array.from({ length: Math.ceil(bytes.length / 65_521) }, (_, index) =>
    bytes.subarray(index * 65_521, (index + 1) * 65_521),
  );
  return blobs.put(Readable.from(pieces), { maxBytes: MAX_BYTES });
}

function breakingOff(size: number): Readable {
  async function* pieces() {
    yield Buffer.alloc(size);
    throw new Error('gone');
  }
  return Readable.from(pieces());
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
