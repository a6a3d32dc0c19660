import { mkdtemp, open, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { blobStoreChecks, blobStoreConformance, type FreshBlobs } from '../../knowledge/blob-store.suite.ts';
import { FolderBlobs } from './folder-blobs.ts';
import { ProcessBlobs } from './testing/process-blobs.ts';

const IDLE_MS = 60 * 60_000;

type Blobs = FreshBlobs['blobs'];
/** Some of the operations done wrong; the rest stays as it is. */
type Sabotage = (blobs: FolderBlobs, folder: string) => Partial<Blobs>;

async function createFresh(sabotage: Sabotage = () => ({})): Promise<FreshBlobs & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-blobs-'));
  const make = (): Blobs => {
    const blobs = new FolderBlobs(folder);
    const sound: Blobs = {
      put: (...given) => blobs.put(...given),
      open: (...given) => blobs.open(...given),
      has: (...given) => blobs.has(...given),
      verify: (...given) => blobs.verify(...given),
      damaged: () => blobs.damaged(),
      delete: (...given) => blobs.delete(...given),
      list: (...given) => blobs.list(...given),
      sweep: (...given) => blobs.sweep(...given),
      localCopy: (...given) => blobs.localCopy(...given),
    };
    return { ...sound, ...sabotage(blobs, folder) };
  };
  const place = new FolderBlobs(folder);
  return {
    folder,
    blobs: make(),
    another: async () => make(),
    async flip(sha256, position) {
      await using file = await open(place.path(sha256), 'r+');
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, position);
      await file.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, position);
    },
    lose: (sha256) => rm(place.path(sha256)),
    async age(names) {
      for (const name of names) await utimes(place.path(name), new Date(0), new Date(0));
    },
    idleMs: IDLE_MS,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

blobStoreConformance('a folder', createFresh);
blobStoreConformance('a folder shared by several processes', sharedByProcesses);

/** Each handle is a process of its own; what only this process can show stays here. */
async function sharedByProcesses(): Promise<FreshBlobs> {
  const fresh = await createFresh();
  const cleanup = new AsyncDisposableStack();
  cleanup.use(fresh);
  const another = async (): Promise<Blobs> => {
    const child = cleanup.use(new ProcessBlobs(fresh.folder));
    return Object.assign(child, { localCopy: (sha256: string) => fresh.blobs.localCopy(sha256) });
  };
  const blobs = await another();
  return { ...fresh, blobs, another, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

/** Each breaks one promise; a check whose name matches must notice. */
const SABOTAGES: { harm: string; caughtBy: RegExp; sabotage: Sabotage }[] = [
  {
    harm: 'forgets the last byte',
    caughtBy: /come back/,
    sabotage: (blobs) => ({
      async put(content, options) {
        const whole = Buffer.concat(await Array.fromAsync(content as AsyncIterable<Buffer>));
        return blobs.put(Readable.from([whole.subarray(0, -1)]), options);
      },
    }),
  },
  {
    harm: 'keeps the beginning of what broke off',
    caughtBy: /breaks off/,
    sabotage: (blobs) => ({
      async put(content, options) {
        const pieces: Buffer[] = [];
        try {
          for await (const piece of content) pieces.push(piece as Buffer);
        } catch (error) {
          await blobs.put(Readable.from(pieces), options);
          throw error;
        }
        return blobs.put(Readable.from(pieces), options);
      },
    }),
  },
  {
    harm: 'gives damaged bytes out',
    caughtBy: /flipped/,
    sabotage: (blobs) => ({
      async open(sha256) {
        const { createReadStream } = await import('node:fs');
        return createReadStream(blobs.path(sha256));
      },
    }),
  },
  {
    harm: 'does not look whether a blob is whole',
    caughtBy: /a look/,
    sabotage: (blobs) => ({
      verify: async (sha256) => ((await blobs.has(sha256)) ? 'ok' : 'missing'),
    }),
  },
  {
    harm: 'believes that what was stored once is there',
    caughtBy: /lost blob/,
    sabotage: (blobs) => {
      const known = new Map<number, Awaited<ReturnType<Blobs['put']>>>();
      return {
        async put(content, options) {
          const whole = Buffer.concat(await Array.fromAsync(content as AsyncIterable<Buffer>));
          const before = known.get(whole.length);
          if (before !== undefined) return before;
          const stored = await blobs.put(Readable.from([whole]), options);
          known.set(whole.length, stored);
          return stored;
        },
      };
    },
  },
  {
    harm: 'lists only the first ten',
    caughtBy: /listed/,
    sabotage: (blobs) => ({
      async *list(options) {
        yield* (await Array.fromAsync(blobs.list(options))).slice(0, 10);
      },
    }),
  },
  {
    harm: 'deletes whatever its age',
    caughtBy: /a moment ago/,
    sabotage: (blobs) => ({ delete: (sha256) => blobs.delete(sha256) }),
  },
  {
    harm: 'looks at the age, pauses, and deletes',
    caughtBy: /while another handle deletes/,
    sabotage: (blobs) => ({
      async delete(sha256, options) {
        const old = await Array.fromAsync(blobs.list(options ?? { idleMs: 0 }));
        await new Promise((resolve) => setTimeout(resolve, 50));
        return old.includes(sha256) && blobs.delete(sha256);
      },
    }),
  },
];

describe('the suite notices a store that', () => {
  test.each(SABOTAGES)('$harm', async ({ caughtBy, sabotage }) => {
    const checks = blobStoreChecks.filter(({ name }) => caughtBy.test(name));
    expect(checks).not.toEqual([]);
    let noticed = 0;
    for (const check of checks) {
      await using fresh = await createFresh(sabotage);
      await check.run(fresh).catch(() => (noticed += 1));
    }
    expect(noticed).toBeGreaterThan(0);
  });
});
