import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { generateRecoveryKey } from './age.ts';
import { KnownObjects } from './known-objects.ts';
import { createRepository } from './repository.ts';
import { signText } from './signing.ts';
import {
  contentsOf,
  createBench,
  createSigner,
  describe as description,
  readBack,
  referenceTo,
  takeSnapshot,
} from './testing/bench.ts';

const packFiles = async (folder: string): Promise<string[]> =>
  (await readdir(join(folder, 'packs'), { recursive: true })).filter((name) => name.endsWith('.tar.zst.age'));

describe('a repository', () => {
  test('gives back what a snapshot took, by any of its keys', async () => {
    await using bench = await createBench();
    const repository = await bench.open();
    const manifest = await takeSnapshot(repository, ['年假十五天', 'two', '']);
    const { manifests, unreadable } = await (await bench.open({ signer: null, stateFolder: null })).list();
    expect({ manifests, unreadable }).toEqual({ manifests: [manifest], unreadable: [] });
    expect(await readBack(await bench.open({ signer: null }), manifest)).toEqual(['年假十五天', 'two', '']);
  });

  test('stores unchanged content once: the next snapshot of it adds a manifest alone', async () => {
    await using bench = await createBench();
    await takeSnapshot(await bench.open(), ['one', 'two']);
    const before = await readdir(bench.folder, { recursive: true });
    const second = await takeSnapshot(await bench.open(), ['one', 'two']);
    const added = (await readdir(bench.folder, { recursive: true })).filter((name) => !before.includes(name));
    expect(added).toEqual([expect.stringContaining(second.id)]);
    expect(second.addedBytes).toBe(0);
  });

  test('is known again with the key when this machine has lost its memory of it', async () => {
    await using bench = await createBench();
    await takeSnapshot(await bench.open(), ['one', 'two']);
    const second = await takeSnapshot(await bench.open({ stateFolder: null }), ['one', 'two']);
    expect(second.addedBytes).toBe(0);
    const third = await takeSnapshot(await bench.open({ stateFolder: null, identities: [] }), ['one', 'two']);
    expect(third.addedBytes).toBeGreaterThan(0);
    expect(await readBack(await bench.open(), third)).toEqual(['one', 'two']);
  });

  test('forgets a memory that is torn or was changed, and stays right', async () => {
    await using bench = await createBench();
    await takeSnapshot(await bench.open(), ['one']);
    const path = join(bench.folder, '..', 'state', 'objects.jsonl');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll('"bytes":', '"Bytes":').slice(0, -20));
    const second = await takeSnapshot(await bench.open(), ['one', 'two']);
    expect(await readBack(await bench.open(), second)).toEqual(['one', 'two']);
  });

  test('remembers packs of many objects that were put at the same time', async () => {
    await using bench = await createBench();
    const known = await KnownObjects.load(bench.folder);
    const packs = Array.from({ length: 4 }, (_, pack) => ({
      name: String(pack).repeat(64),
      bytes: 1,
      layer: 'documents' as const,
      index: 'f'.repeat(64),
      objects: Array.from({ length: 20_000 }, (__, number): [string, number] => [
        `${pack}${String(number).padStart(63, '0')}`,
        number,
      ]),
    }));
    await Promise.all(packs.map((pack) => known.add(pack)));
    expect([...(await KnownObjects.load(bench.folder)).packs.keys()].toSorted()).toEqual(
      packs.map(({ name }) => name),
    );
  });

  test('takes large documents as streams, and keeps them apart', async () => {
    await using bench = await createBench();
    const repository = await bench.open();
    const large = randomBytes(17 * 1024 * 1024);
    await using writer = await repository.write();
    const blob = referenceTo(large);
    await writer.add(blob, Readable.from(pieces(large)), 'documents');
    const rows = Buffer.from('rows');
    await writer.add(referenceTo(rows), rows);
    const manifest = await writer.publish(contentsOf([blob], referenceTo(rows)), description());
    const { objects } = await repository.read(manifest);
    expect((await objects.read(blob.sha256)).equals(large)).toBe(true);
    expect(manifest.packs.map(({ layer }) => layer).sort()).toEqual(['documents', 'ledger']);
  });

  test.each([
    ['small', 1_000],
    ['large', 17 * 1024 * 1024],
  ])('refuses %s bytes that are not what they are called, and stores the others', async (_, bytes) => {
    await using bench = await createBench();
    const repository = await bench.open();
    await using writer = await repository.write();
    const content = randomBytes(bytes);
    const object = referenceTo(content);
    const other = Buffer.from(content);
    other[bytes - 1] = (other[bytes - 1] as number) ^ 1;
    for (const wrong of [
      other,
      Readable.from(pieces(other)),
      content.subarray(1),
      Buffer.concat([content, content]),
    ]) {
      await expect(writer.add(object, wrong)).rejects.toMatchObject({ code: 'object_changed' });
    }
    expect(writer.has(object.sha256)).toBe(false);
    await writer.add(object, content);
    await writer.flush();
    expect((await packFiles(bench.folder)).length).toBe(1);
  });

  test('publishes no snapshot that names what was never stored', async () => {
    await using bench = await createBench();
    await using writer = await (await bench.open()).write();
    const rows = Buffer.from('rows');
    await writer.add(referenceTo(rows), rows);
    const never = referenceTo(Buffer.from('never'));
    await expect(writer.publish(contentsOf([never], referenceTo(rows)), description())).rejects.toMatchObject(
      { code: 'object_missing' },
    );
    expect((await (await bench.open()).list()).manifests).toEqual([]);
  });

  test('two writers at once leave two whole snapshots', async () => {
    await using bench = await createBench();
    const other = createSigner('inst_two');
    const [one, two] = await Promise.all([
      bench.open({ stateFolder: null }).then((repository) => takeSnapshot(repository, ['shared', 'one'])),
      bench
        .open({ stateFolder: null, signer: other })
        .then((repository) => takeSnapshot(repository, ['shared', 'two'], { installationId: 'inst_two' })),
    ]);
    const repository = await bench.open();
    expect((await repository.list()).manifests).toHaveLength(2);
    expect(await readBack(repository, one)).toEqual(['shared', 'one']);
    expect(await readBack(repository, two)).toEqual(['shared', 'two']);
  });
});

describe('a repository that', () => {
  test('is there already is not made again', async () => {
    await using bench = await createBench();
    const again = createRepository(bench.storage, {
      signer: bench.signer,
      recipients: [bench.key.recipient],
      appendOnly: false,
    });
    await expect(again).rejects.toMatchObject({ code: 'repository_exists' });
  });

  test.each(['age1abc', 'AGE-SECRET-KEY-1ABC', ''])('is for "%s" is not made', async (recipient) => {
    await using bench = await createBench();
    const made = createRepository(bench.storage, {
      signer: bench.signer,
      recipients: [recipient],
      appendOnly: false,
    });
    await expect(made).rejects.toMatchObject({ code: 'recovery_key_invalid' });
  });

  test('was opened with another key, or none, says so', async () => {
    await using bench = await createBench();
    const manifest = await takeSnapshot(await bench.open(), ['one']);
    const { identity } = await generateRecoveryKey();
    const read = async (identities: string[]) => readBack(await bench.open({ identities }), manifest);
    await expect(read([identity])).rejects.toMatchObject({ code: 'recovery_key_wrong' });
    await expect(read([])).rejects.toMatchObject({ code: 'recovery_key_missing' });
    expect(await read([identity, bench.key.identity])).toEqual(['one']);
  });

  test('is missing, damaged or another than it was is not used', async () => {
    await using bench = await createBench();
    await bench.open();
    const path = join(bench.folder, 'budao-repository.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"appendOnly":false', '"appendOnly":true '));
    await expect(bench.open()).rejects.toMatchObject({ code: 'repository_damaged' });
    await rm(path);
    await expect(bench.open()).rejects.toMatchObject({ code: 'repository_missing' });
    const { recipient } = await generateRecoveryKey();
    await createRepository(bench.storage, {
      signer: createSigner('inst_thief'),
      recipients: [recipient],
      appendOnly: false,
    });
    await expect(bench.open()).rejects.toMatchObject({ code: 'repository_changed' });
  });

  test('a newer program has made, or written to, is left alone', async () => {
    await using bench = await createBench();
    const repository = await bench.open({ stateFolder: null });
    const newer = { format: 2, anything: 'else' };
    const key = 'snapshots/20991231T235959Z-newer.json';
    await bench.storage.put(key, Buffer.from(signText(newer, bench.signer)));
    expect((await repository.list()).unreadable).toEqual([
      { key, reason: expect.stringContaining('a newer Budao has written') },
    ]);
    await bench.storage.put('budao-repository.json', Buffer.from(signText(newer, bench.signer)));
    await expect(bench.open({ stateFolder: null })).rejects.toMatchObject({ code: 'repository_newer' });
  });

  test('knows the installation by another signing key takes nothing from it', async () => {
    await using bench = await createBench();
    const repository = await bench.open({ signer: createSigner(bench.signer.installationId) });
    await expect(repository.write()).rejects.toMatchObject({ code: 'signing_key_other' });
    await expect((await bench.open({ signer: null })).write()).rejects.toMatchObject({
      code: 'signing_key_missing',
    });
  });

  test('is append-only keeps everything, whatever its writer does', async () => {
    await using bench = await createBench({ appendOnly: true });
    const repository = await bench.open();
    const manifest = await takeSnapshot(repository, ['one']);
    const [pack] = manifest.packs;
    const key = `packs/${pack?.name.slice(0, 2)}/${pack?.name}.tar.zst.age`;
    const { storage } = repository.context;
    const path = join(bench.folder, '..', 'other');
    await writeFile(path, 'other');
    for (const harm of [
      () => storage.delete(key),
      () => storage.put(key, Buffer.from('x')),
      () => storage.putFile(key, path),
    ]) {
      await expect(harm()).rejects.toMatchObject({ code: 'repository_append_only' });
    }
    expect(await readBack(repository, manifest)).toEqual(['one']);
  });
});

function* pieces(content: Buffer): Generator<Buffer> {
  for (let start = 0; start < content.length; start += 65_521) yield content.subarray(start, start + 65_521);
}
