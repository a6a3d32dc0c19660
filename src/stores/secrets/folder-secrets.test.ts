import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFolderSecrets } from './folder-secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'budao-secrets-')), 'secrets');
});
afterEach(async () => rm(join(folder, '..'), { recursive: true }));

test('a secret stays the same over restarts and differs from every other', async () => {
  const first = await openFolderSecrets({ folder }).read('sessions');
  expect(first).toHaveLength(32);
  expect(await openFolderSecrets({ folder }).read('sessions')).toEqual(first);
  expect(await openFolderSecrets({ folder }).read('others')).not.toEqual(first);
});

test('processes that start at once share one secret', async () => {
  const secrets = await Promise.all(
    Array.from({ length: 8 }, () => openFolderSecrets({ folder }).read('sessions')),
  );
  expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(1);
  expect(await readdir(folder)).toEqual(['sessions']);
});

test('nobody else on the machine can read a secret', async () => {
  await openFolderSecrets({ folder }).read('sessions');
  expect((await stat(join(folder, 'sessions'))).mode & 0o777).toBe(0o600);
});

test('a cut-off secret is reported, never used', async () => {
  await openFolderSecrets({ folder }).read('sessions');
  await writeFile(join(folder, 'sessions'), 'short');
  await expect(openFolderSecrets({ folder }).read('sessions')).rejects.toMatchObject({
    code: 'secret_damaged',
  });
});

test('a name cannot lead out of the folder', async () => {
  await expect(openFolderSecrets({ folder }).read('../x')).rejects.toMatchObject({ code: 'secret_name' });
});
