/** The process dies after each of its changes in turn, and once more after each that nobody learned of. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SnapshotManifest } from '../ports.ts';
import type { Repository } from './repository.ts';
import { createRepository } from './repository.ts';
import { type Bench, createBench, KEEP_NEWEST, readBack, takeSnapshot } from './testing/bench.ts';
import { DyingStorage, MemoryStorage } from './testing/memory-storage.ts';

const PRUNING = { retention: KEEP_NEWEST, orphanGraceMs: 0 };
const MOST_CHANGES = 100;
/** A dead process renews nothing; whoever comes next need not wait for real. */
const AT_ONCE = {
  watchMs: 0,
  lookMs: 0,
  renewalMs: 2 ** 30,
  patienceMs: 0,
  pause: async () => {},
  monotonicMs: () => 0,
};

describe.each([
  ['before', false],
  ['after', true],
])('killed %s the change that it was making', (_, isLastDone) => {
  test('a creation is carried on or made again', async () => {
    await using bench = await createBench({ place: new MemoryStorage() });
    await dieAtEach(
      isLastDone,
      new MemoryStorage(),
      (storage) => create(bench, storage),
      async (place) => {
        await create(bench, place).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'repository_exists' });
        });
        const repository = await bench.open({ storage: place, stateFolder: null });
        const manifest = await takeSnapshot(repository, ['one']);
        expect(await readBack(repository, manifest)).toEqual(['one']);
        expect((await repository.verify()).findings).toEqual([]);
      },
    );
  });

  test('a snapshot is there whole or not at all, and the next one carries on', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const first = await takeSnapshot(await bench.open({ stateFolder: null }), ['one']);
    const changes = await dieAtEach(
      isLastDone,
      place,
      async (storage) => takeSnapshot(await bench.open({ storage, stateFolder: null }), ['one', 'two']),
      async (after) => {
        const repository = await bench.open({ storage: after, stateFolder: null });
        await expectWhole(repository, first.id, { [first.id]: ['one'] }, ['one', 'two']);
        const next = await takeSnapshot(repository, ['one', 'two']);
        expect(await readBack(repository, next)).toEqual(['one', 'two']);
      },
    );
    expect(changes).toBeGreaterThan(6);
  });

  test('a pruning harms no snapshot that is kept, and the next one ends it', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const needed = randomBytes(300).toString('hex');
    await takeSnapshot(await bench.open({ stateFolder: null }), [needed, randomBytes(2_000).toString('hex')]);
    await takeSnapshot(await bench.open({ stateFolder: null }), ['second']);
    // Of the first pack only this is still needed, so that it is written anew.
    const kept = await takeSnapshot(await bench.open({ stateFolder: null }), [needed, 'third']);
    const changes = await dieAtEach(
      isLastDone,
      place,
      (storage) => pruneAt(bench, storage),
      async (after) => {
        const repository = await bench.open({ storage: after, stateFolder: null, lockTiming: AT_ONCE });
        expect((await repository.list()).manifests.map(({ id }) => id)).toContain(kept.id);
        expect((await repository.verify()).findings.filter(({ severity }) => severity === 'error')).toEqual(
          [],
        );
        await pruneAt(bench, after);
        const { manifests } = await repository.list();
        expect(manifests.map(({ id }) => id)).toEqual([kept.id]);
        expect(await readBack(repository, manifests[0] as SnapshotManifest)).toEqual([needed, 'third']);
        expect((await repository.verify()).findings).toEqual([]);
      },
    );
    expect(changes).toBeGreaterThan(10);
  });
});

async function create(bench: Bench, storage: ConstructorParameters<typeof DyingStorage>[0]): Promise<void> {
  const { signer, key } = bench;
  await createRepository(storage, { signer, recipients: [key.recipient], appendOnly: false });
}

async function pruneAt(bench: Bench, storage: ConstructorParameters<typeof DyingStorage>[0]): Promise<void> {
  const options = { ...PRUNING, retention: { ...KEEP_NEWEST, keepDocuments: false } };
  const repository = await bench.open({ storage, stateFolder: null, lockTiming: AT_ONCE });
  await repository.prune(options, await repository.planPrune(options));
}

/** @returns after how many changes the work was done */
async function dieAtEach(
  isLastDone: boolean,
  start: MemoryStorage,
  work: (storage: DyingStorage) => Promise<unknown>,
  check: (place: MemoryStorage) => Promise<void>,
): Promise<number> {
  for (let changes = 0; changes < MOST_CHANGES; changes += 1) {
    const place = new MemoryStorage(start.files);
    const dying = new DyingStorage(place, changes, isLastDone);
    const outcome = await work(dying).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );
    if (dying.left >= 0) {
      expect(outcome).toBe('done');
      return changes;
    }
    // Giving a lock back is the last change; that it failed is no failure of the work.
    if (outcome !== 'done') expect(outcome).toBe('repository_unavailable');
    await check(place);
  }
  throw new Error('the work never ends');
}

/** Every snapshot that is listed has everything that it names; those that were there before are there still. */
async function expectWhole(
  repository: Repository,
  before: string,
  documents: Record<string, string[]>,
  others: string[],
): Promise<void> {
  const { manifests, unreadable } = await repository.list();
  expect(unreadable).toEqual([]);
  expect(manifests.map(({ id }) => id)).toContain(before);
  for (const manifest of manifests)
    expect(await readBack(repository, manifest)).toEqual(documents[manifest.id] ?? others);
  expect((await repository.verify()).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
}
