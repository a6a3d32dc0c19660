import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SnapshotManifest } from '../ports.ts';
import type { Repository } from './repository.ts';
import type { Retention } from './retention.ts';
import {
  createBench,
  createSigner,
  KEEP_NEWEST,
  readBack,
  referenceTo,
  takeSnapshot,
} from './testing/bench.ts';
import { MemoryStorage } from './testing/memory-storage.ts';

const LAST: Retention = { ...KEEP_NEWEST, keepDocuments: false };
const NO_GRACE = { retention: LAST, orphanGraceMs: 0 };

const prune = async (repository: Repository, options = NO_GRACE) =>
  repository.prune(options, await repository.planPrune(options));
const noise = (bytes: number) => randomBytes(bytes).toString('hex');

async function expectSound(repository: Repository): Promise<void> {
  expect((await repository.verify()).findings).toEqual([]);
}

describe('pruning', () => {
  test('takes away what it has shown, and nothing that is still needed', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    const shared = noise(500);
    const first = await takeSnapshot(repository, [shared, 'first']);
    const second = await takeSnapshot(repository, [shared, 'second']);
    const before = [...place.files.keys()];
    const plan = await repository.planPrune(NO_GRACE);
    expect([...place.files.keys()]).toEqual(before);
    expect(plan.remove.map(({ id }) => id)).toEqual([first.id]);
    expect(plan.keep).toMatchObject([{ id: second.id, reasons: ['last'] }]);
    expect(plan.freedBytes).toBeGreaterThan(0);
    await repository.prune(NO_GRACE, plan);
    expect((await repository.list()).manifests.map(({ id }) => id)).toEqual([second.id]);
    expect(await readBack(repository, second)).toEqual([shared, 'second']);
    for (const { key } of plan.files) expect(place.files.has(key)).toBe(false);
    await expectSound(repository);
  });

  test('leaves snapshots that came after the plan was shown', async () => {
    await using bench = await createBench({ place: new MemoryStorage() });
    const repository = await bench.open();
    await takeSnapshot(repository, ['first']);
    await takeSnapshot(repository, ['second']);
    const plan = await repository.planPrune(NO_GRACE);
    const third = await takeSnapshot(repository, ['third']);
    const result = await repository.prune(NO_GRACE, plan);
    expect(result.removed).toBe(1);
    expect((await repository.list()).manifests).toHaveLength(2);
    expect(await readBack(repository, third)).toEqual(['third']);
    await expectSound(repository);
  });

  test('keeps documents for ever where it is told to, and never two records of the same ones', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    const first = await takeSnapshot(repository, ['deleted later']);
    for (const text of ['a', 'b', 'c']) await takeSnapshot(repository, ['deleted later', text]);
    const last = await takeSnapshot(repository, ['new']);
    const options = { ...NO_GRACE, retention: { ...LAST, keepDocuments: true } };
    await prune(repository, options);
    await prune(repository, options);
    expect((await repository.list()).manifests.map(({ id }) => id)).toEqual([last.id]);
    const documents = first.packs.filter(({ layer }) => layer === 'documents');
    for (const { name } of documents)
      expect([...place.files.keys()].some((key) => key.includes(name))).toBe(true);
    expect([...place.files.keys()].filter((key) => key.startsWith('retired/')).length).toBeLessThanOrEqual(3);
    await expectSound(repository);
    await prune(repository);
    expect([...place.files.keys()].filter((key) => key.startsWith('retired/'))).toEqual([]);
    for (const { name } of documents)
      expect([...place.files.keys()].some((key) => key.includes(name))).toBe(false);
    await expectSound(repository);
  });

  test('leaves what a snapshot that broke off has stored for the next one, until it is old', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    await takeSnapshot(repository, ['one']);
    const text = noise(100);
    {
      await using writer = await repository.write();
      const content = Buffer.from(text);
      await writer.add(referenceTo(content), content, 'documents');
      await writer.flush();
    }
    place.now += 60_000;
    await prune(repository, { retention: LAST, orphanGraceMs: 3_600_000 });
    const carriedOn = await takeSnapshot(repository, [text]);
    expect(carriedOn.addedBytes).toBeLessThan(text.length + 1_000);
    expect(carriedOn.packs.filter(({ layer }) => layer === 'documents')).toHaveLength(1);
    expect(await readBack(repository, carriedOn)).toEqual([text]);
  });

  test('joins what little is needed of old packs into new ones, for all snapshots at once', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    const needed = noise(200);
    await takeSnapshot(repository, [noise(20_000), needed, noise(20_000)]);
    const kept: SnapshotManifest[] = [];
    for (const text of ['a', 'b']) kept.push(await takeSnapshot(repository, [needed, text]));
    const options = { ...NO_GRACE, retention: { ...LAST, last: 2 } };
    const sizeOf = () => [...place.files.values()].reduce((sum, { body }) => sum + body.length, 0);
    const before = sizeOf();
    const result = await prune(repository, options);
    expect(result).toMatchObject({ removed: 1, repacked: 1 });
    expect(sizeOf()).toBeLessThan(before - 30_000);
    const { manifests } = await repository.list();
    expect(await Promise.all(manifests.map((manifest) => readBack(repository, manifest)))).toEqual([
      [needed, 'b'],
      [needed, 'a'],
    ]);
    await expectSound(repository);
    expect((await takeSnapshot(repository, [needed, 'b'])).addedBytes).toBe(0);
    expect(await repository.planPrune({ ...options, retention: { ...LAST, last: 9 } })).toMatchObject({
      repack: [],
      files: [],
    });
  });

  test('joins many small packs', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    for (let number = 0; number < 16; number += 1) await takeSnapshot(repository, [`document ${number}`]);
    const options = { ...NO_GRACE, retention: { ...LAST, last: 100 } };
    expect(await prune(repository, options)).toMatchObject({ removed: 0, repacked: 32 });
    expect([...place.files.keys()].filter((key) => key.endsWith('.tar.zst.age'))).toHaveLength(2);
    const { manifests } = await repository.list();
    expect(await readBack(repository, manifests.at(-1) as SnapshotManifest)).toEqual(['document 0']);
    await expectSound(repository);
  });

  test('does not touch what another installation needs, nor its manifests', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    const other = await bench.open({ signer: createSigner('inst_two') });
    const text = noise(10);
    await takeSnapshot(repository, [text, noise(5_000)]);
    const theirs = await takeSnapshot(other, [text], { installationId: 'inst_two' });
    const mine = await takeSnapshot(repository, ['mine']);
    const result = await prune(repository);
    expect(result).toMatchObject({ removed: 1 });
    expect(await readBack(repository, theirs)).toEqual([text]);
    expect(await readBack(repository, mine)).toEqual(['mine']);
    await expectSound(repository);
  });

  test('refuses while what a snapshot needs cannot be known', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    const first = await takeSnapshot(repository, ['first']);
    await takeSnapshot(repository, ['second']);
    const plan = await repository.planPrune(NO_GRACE);
    const key = [...place.files.keys()].find((name) => name.includes(first.id)) ?? '';
    const files = new Map(place.files);
    place.files.set(key, { body: Buffer.from('{}'), modifiedAt: 0 });
    await expect(repository.prune(NO_GRACE, plan)).rejects.toMatchObject({ code: 'repository_damaged' });
    expect([...place.files.keys()].toSorted()).toEqual([...files.keys()].toSorted());
  });

  test('is not for an append-only repository, except with its owner’s rights', async () => {
    await using bench = await createBench({ place: new MemoryStorage(), appendOnly: true });
    const repository = await bench.open();
    await takeSnapshot(repository, ['first']);
    await takeSnapshot(repository, ['second']);
    await expect(prune(repository)).rejects.toMatchObject({ code: 'repository_append_only' });
    expect((await repository.list()).manifests).toHaveLength(2);
    const time = {
      watchMs: 0,
      lookMs: 0,
      renewalMs: 2 ** 30,
      patienceMs: 0,
      pause: async () => {},
      monotonicMs: () => 0,
    };
    const owner = await bench.open({ hasOwnerRights: true, lockTiming: time });
    expect(await prune(owner)).toMatchObject({ removed: 1 });
    expect((await owner.list()).manifests).toHaveLength(1);
    await expectSound(owner);
  });
});
