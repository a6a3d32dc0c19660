import { describe, expect, test } from 'vitest';
import { repositoryUnavailable } from '../../stores/repository/repository-errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { SeveralRepositories } from './several-repositories.ts';
import { createBench, takeSnapshot } from './testing/bench.ts';
import { MemoryStorage } from './testing/memory-storage.ts';

const DOCUMENTS = ['one', 'two', 'three', 'four'];
/** A place that is away from some moment on. */
class Leaving extends MemoryStorage {
  reads = Number.POSITIVE_INFINITY;

  override async get(key: string): Promise<Buffer | null> {
    if (key.includes('.tar.') && --this.reads < 0) throw repositoryUnavailable('memory', 'is away');
    return super.get(key);
  }
}

/** Each document in a pack of its own, so that there is a middle of the way. */
async function place(storage: RepositoryStorage) {
  const bench = await createBench({ place: storage });
  for (let count = 1; count <= DOCUMENTS.length; count++) {
    await using writing = await bench.open();
    await takeSnapshot(writing, DOCUMENTS.slice(0, count));
  }
  return { repository: await bench.open(), bench };
}

async function readAll(several: SeveralRepositories): Promise<string[]> {
  const [candidate] = await several.list();
  if (candidate === undefined) throw new Error('there is no snapshot');
  const source = several.open(candidate);
  const { contents, objects } = await source.read(candidate.manifest);
  const found: string[] = [];
  await objects.readMany(
    contents.blobs.map(({ sha256 }) => sha256),
    async (_, content) => void found.push(content.toString('utf8')),
  );
  return found.sort();
}

describe('a repository that goes away half way', () => {
  test('is followed by the next one, which gives the rest, each object once', async () => {
    const leaving = new Leaving();
    // Whose snapshot is the newest is asked first.
    const second = await place(new MemoryStorage());
    const first = await place(leaving);
    const several = new SeveralRepositories([
      { name: 'first', repository: first.repository },
      { name: 'second', repository: second.repository },
    ]);
    leaving.reads = 3;
    expect(await readAll(several)).toEqual([...DOCUMENTS].sort());
    expect(several.troubles.map(({ code }) => code)).toContain('repository_unavailable');
    await first.bench[Symbol.asyncDispose]();
    await second.bench[Symbol.asyncDispose]();
  });

  test('ends the reading, with its name, where there is no other', async () => {
    const leaving = new Leaving();
    const only = await place(leaving);
    const several = new SeveralRepositories([{ name: 'only', repository: only.repository }]);
    leaving.reads = 3;
    await expect(readAll(several)).rejects.toMatchObject({ code: 'repository_unavailable' });
    await only.bench[Symbol.asyncDispose]();
  });

  test('is not asked again for what somebody else refuses to take', async () => {
    const one = await place(new MemoryStorage());
    const two = await place(new MemoryStorage());
    const several = new SeveralRepositories([
      { name: 'one', repository: one.repository },
      { name: 'two', repository: two.repository },
    ]);
    const [candidate] = await several.list();
    if (candidate === undefined) throw new Error('there is no snapshot');
    const { contents, objects } = await several.open(candidate).read(candidate.manifest);
    let asked = 0;
    const refusing = objects.readMany(
      contents.blobs.map(({ sha256 }) => sha256),
      async () => {
        asked += 1;
        throw new Error('the disk is full');
      },
    );
    await expect(refusing).rejects.toThrow('the disk is full');
    expect(asked).toBe(1);
    await one.bench[Symbol.asyncDispose]();
    await two.bench[Symbol.asyncDispose]();
  });
});
