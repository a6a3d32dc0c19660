import { describe, expect, test } from 'vitest';
import type { SnapshotManifest } from '../ports.ts';
import { generateRecoveryKey } from './age.ts';
import type { Repository } from './repository.ts';
import { type Bench, createBench, readBack, referenceTo, takeSnapshot } from './testing/bench.ts';
import { MemoryStorage } from './testing/memory-storage.ts';

const DOCUMENTS = ['年假十五天', 'second document'];

/** Two snapshots, the second of which has packs of its own and shares others. */
async function createSmall(): Promise<{ bench: Bench; place: MemoryStorage; second: SnapshotManifest }> {
  const place = new MemoryStorage();
  const bench = await createBench({ place });
  await takeSnapshot(await bench.open(), DOCUMENTS.slice(0, 1));
  const second = await takeSnapshot(await bench.open(), DOCUMENTS);
  return { bench, place, second };
}

/** Nothing is read from it; its hash stands in the description. */
const README_STEP = 11;

describe('verification', () => {
  test('finds nothing in a sound repository, with the key and without', async () => {
    const { bench } = await createSmall();
    await using _ = bench;
    const withKey = await (await bench.open()).verify();
    expect(withKey).toMatchObject({ findings: [], withKey: true, snapshots: 2, packs: 4, packsRead: 4 });
    expect(withKey.objectsRead).toBe(6);
    expect(await (await bench.open({ identities: [] })).verify()).toMatchObject({
      findings: [],
      withKey: false,
      packsRead: 4,
    });
  });

  test('finds every file that is missing, and reading hands out nothing wrong', async () => {
    const { bench, place, second } = await createSmall();
    await using _ = bench;
    const sound = await bench.open();
    for (const [key, file] of new Map(place.files)) {
      place.files.delete(key);
      const { findings } = await sound.verify();
      expect(
        findings.map((finding) => finding.key),
        key,
      ).toContainEqual(key.startsWith('signers/') ? expect.stringContaining('snapshots/') : key);
      for (const manifest of (await sound.list()).manifests) {
        if (manifest.id === second.id) await expectRightOrRefused(sound, manifest, key);
      }
      place.files.set(key, file);
    }
    expect((await sound.verify()).findings).toEqual([]);
  });

  test('finds every byte that is flipped, by its file, without any key', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    await takeSnapshot(await bench.open(), DOCUMENTS);
    const sound = await bench.open({ identities: [] });
    let flips = 0;
    for (const [key, position] of everyByte(place, 1)) {
      if (key === 'README.txt' && position % README_STEP !== 0) continue;
      flip(place, key, position);
      const { findings } = await sound.verify();
      if (!findings.some((finding) => finding.key === key))
        throw new Error(`byte ${position} of ${key} passed`);
      flip(place, key, position);
      flips += 1;
    }
    expect(flips).toBeGreaterThan(2_000);
    expect((await sound.verify()).findings).toEqual([]);
  });

  test('is not what keeps wrong bytes away: a flipped one never becomes a wrong document', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const sound = await bench.open();
    const manifest = await takeSnapshot(sound, DOCUMENTS);
    for (const [key, position] of everyByte(place, 5)) {
      if (!key.startsWith('packs/')) continue;
      flip(place, key, position);
      await expectRightOrRefused(sound, manifest, `byte ${position} of ${key}`);
      flip(place, key, position);
    }
  });

  test('finds what was cut short, and what was swapped', async () => {
    const { bench, place } = await createSmall();
    await using _ = bench;
    const sound = await bench.open();
    const packs = [...place.files.keys()].filter((key) => key.endsWith('.tar.zst.age'));
    const [one, two] = packs.map((key) => ({
      key,
      file: place.files.get(key) as { body: Buffer; modifiedAt: number },
    }));
    if (one === undefined || two === undefined) throw new Error('there are no packs');
    place.files.set(one.key, { ...one.file, body: one.file.body.subarray(0, -1) });
    expect((await sound.verify()).findings[0]).toMatchObject({
      code: 'pack_damaged',
      key: one.key,
      message: expect.stringContaining('bytes instead of'),
    });
    place.files.set(one.key, two.file);
    expect((await sound.verify()).findings.map(({ key }) => key)).toContain(one.key);
  });

  test('takes a snapshot that is being written for no damage', async () => {
    const { bench } = await createSmall();
    await using _ = bench;
    const sound = await bench.open();
    const content = Buffer.from('written meanwhile');
    {
      await using writer = await sound.write();
      await writer.add(referenceTo(content), content);
      await writer.flush();
      expect((await sound.verify()).findings).toEqual([]);
    }
    expect((await sound.verify()).findings).toMatchObject([
      { code: 'file_unreferenced', severity: 'warning' },
      { code: 'file_unreferenced', severity: 'warning' },
    ]);
  });

  test('says once that the key is another, and goes on without it', async () => {
    const { bench } = await createSmall();
    await using _ = bench;
    const { identity } = await generateRecoveryKey();
    const report = await (await bench.open({ identities: [identity] })).verify();
    expect(report).toMatchObject({
      findings: [{ code: 'recovery_key_wrong' }],
      withKey: false,
      packsRead: 4,
    });
  });

  test('reads the share that its seed says, the same each time', async () => {
    const { bench } = await createSmall();
    await using _ = bench;
    const sound = await bench.open();
    expect((await sound.verify({ share: 0 })).packsRead).toBe(0);
    const first = await sound.verify({ share: 0.5, seed: 'a' });
    expect(await sound.verify({ share: 0.5, seed: first.seed })).toEqual(first);
  });

  test('takes a manifest of another key, or of a newer program, for what it is', async () => {
    const { bench, place } = await createSmall();
    await using _ = bench;
    const thief = await createBench({ place: new MemoryStorage() });
    await using __ = thief;
    const forged = await takeSnapshot(await thief.open(), ['forged']);
    const file = [...(thief.storage as MemoryStorage).files].find(([key]) => key.includes(forged.id));
    if (file === undefined) throw new Error('there is no manifest');
    place.files.set(...file);
    const sound = await bench.open();
    expect((await sound.list()).unreadable).toEqual([
      { key: file[0], reason: expect.stringContaining('not signed by') },
    ]);
    expect((await sound.verify()).findings).toMatchObject([{ code: 'snapshot_unreadable', key: file[0] }]);
  });
});

function* everyByte(place: MemoryStorage, step: number): Generator<[string, number]> {
  for (const [key, { body }] of place.files) {
    for (let position = 0; position < body.length; position += step) yield [key, position];
  }
}

function flip(place: MemoryStorage, key: string, position: number): void {
  const { body } = place.files.get(key) as { body: Buffer };
  body[position] = (body[position] as number) ^ (1 << (position % 8));
}

/** It comes back as it was taken, or not at all, with a code that says why. */
async function expectRightOrRefused(
  repository: Repository,
  manifest: SnapshotManifest,
  what: string,
): Promise<void> {
  try {
    expect(await readBack(repository, manifest), what).toEqual(DOCUMENTS);
  } catch (error) {
    expect(['object_missing', 'object_corrupt'], `${what}: ${String(error)}`).toContain(
      (error as { code?: string }).code,
    );
  }
}
