import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3 } from '../../../tests/support/s3-server.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import { generateRecoveryKey } from '../../recovery/repository/age.ts';
import { takeSnapshot } from '../../recovery/repository/testing/bench.ts';
import { type Configuration, loadConfiguration } from '../configuration.ts';
import { dataFolderAt, prepareDataFolder } from '../data-folder.ts';
import { prepareInstallation } from '../first-start.ts';
import { installationId } from '../installation-id.ts';
import { openBlobs, openLedger } from '../shared-stores.ts';
import { makeRepository } from './make-repository.ts';
import { makeSnapshot } from './make-snapshot.ts';
import { restorePart } from './part/restore-part.ts';
import { findRepository, openForWriting, readKeyFile } from './repositories.ts';
import { restore } from './restore.ts';

const QUIET = { signal: new AbortController().signal, onProgress: () => {} };

let place: string;
let server: S3Server;
let home: Configuration;
let targets = 0;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-bad-'));
  server = await startS3();
  const { accessKeyId, secretAccessKey } = server.user;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  await writeFile(join(place, 'credentials'), `[default]\n${keys}`, { mode: 0o600 });
  const bucket = {
    endpoint: server.endpoint,
    region: server.region,
    name: await server.createBucket(),
    credentialsFile: join(place, 'credentials'),
    addressing: 'path',
  };
  const repositories = [
    { name: 'folder', folder: join(place, 'repository') },
    { name: 'bucket', bucket },
  ];
  await writeFile(join(place, 'budao.yaml'), JSON.stringify({ backup: { repositories } }));
  home = configure('home');
  const folder = dataFolderAt(home.dataDir);
  await prepareDataFolder(folder);
  await using ledger = await openLedger(home, 'budao', { mayCreate: true });
  await prepareInstallation({ configuration: home, folder, ledger, log: pino({ level: 'silent' }) });
  for (const repository of ['folder', 'bucket']) {
    const keyFile = join(place, `${repository}.key`);
    await makeRepository({ configuration: home, repository, recipients: [], keyFile, appendOnly: false });
    await makeSnapshot({ ...QUIET, configuration: home, repository, label: null });
  }
}, 120_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true });
});

function configure(name: string): Configuration {
  return loadConfiguration({}, { configFile: join(place, 'budao.yaml'), dataDir: join(place, name) });
}

const restoreFrom = (repository: string, keyFile = join(place, `${repository}.key`)) => {
  targets += 1;
  return restore({
    configuration: configure(`target-${targets}`),
    repository,
    keyFile,
    snapshotId: null,
    to: null,
    replace: false,
    dryRun: false,
    onProgress: () => {},
  });
};

/** Nothing of what was refused is left where it should have gone. */
async function expectNothing(): Promise<void> {
  const left = await readdir(join(place, `target-${targets}`)).catch(() => []);
  expect(left.filter((name) => /ledger|restor/.test(name))).toEqual([]);
}

describe('a restore', { timeout: 120_000 }, () => {
  it('works from a bucket, whole and in part', async () => {
    const report = await restoreFrom('bucket');
    expect(report).toMatchObject({ repositories: ['bucket'], outcome: { blobs: 16, leftOut: [] } });
    const back = configure(`target-${targets}`);
    await using ledger = await openLedger(back);
    await using stores = await openBlobs(back);
    const [base] = await ledger.read.all<{ id: string }>('SELECT id FROM knowledge_base');
    const documents = await ledger.read.all<{ sha256: string }>('SELECT sha256 FROM document');
    for (const { sha256 } of documents) expect(await stores.blobs.verify(sha256)).toBe('ok');
    await ledger.transaction(async (tx) => {
      await tx.run('DELETE FROM knowledge_base_document');
      await tx.run('DELETE FROM knowledge_base');
      await tx.run('DELETE FROM document');
    });
    const part = await restorePart({
      ...QUIET,
      configuration: back,
      selector: { kind: 'knowledge_base', name: base?.id ?? '' },
      repository: 'bucket',
      snapshotId: null,
      identities: await readKeyFile(join(place, 'bucket.key')),
      into: null,
      restorer: null,
      dryRun: false,
    });
    expect(part).toMatchObject({ documents: { back: 16 }, knowledgeBases: { back: 1 } });
  });

  it('with a wrong key, or none, says which key it takes, and leaves nothing behind', async () => {
    const { identity } = await generateRecoveryKey();
    await writeFile(join(place, 'wrong.key'), `${identity}\n`);
    await expect(restoreFrom('folder', join(place, 'wrong.key'))).rejects.toMatchObject({
      code: 'recovery_key_wrong',
      message: expect.stringContaining('budao-repository.json'),
    });
    await expectNothing();
    await expect(restoreFrom('folder', join(place, 'lost.key'))).rejects.toMatchObject({
      code: 'recovery_key_missing',
    });
    await writeFile(join(place, 'text.key'), 'not a key\n');
    await expect(restoreFrom('folder', join(place, 'text.key'))).rejects.toMatchObject({
      code: 'recovery_key_invalid',
    });
    await expectNothing();
  });

  it.each([
    ['cut short', async (path: string) => truncate(path, 1_000)],
    [
      'changed in one byte',
      async (path: string) => {
        const content = await readFile(path);
        content[2_000] = (content[2_000] ?? 0) ^ 1;
        await writeFile(path, content);
      },
    ],
  ])('from a pack that was %s gives nothing out, and says what to do', async (_, spoil) => {
    const packs = join(place, 'repository', 'packs');
    const files = (await readdir(packs, { recursive: true })).filter((name) => name.endsWith('.tar.zst.age'));
    const kept = await Promise.all(
      files.map(async (name) => [join(packs, name), await readFile(join(packs, name))] as const),
    );
    for (const [path] of kept) await spoil(path);
    await expect(restoreFrom('folder')).rejects.toMatchObject({
      code: 'object_corrupt',
      message: expect.stringContaining('another repository'),
    });
    await expectNothing();
    for (const [path, content] of kept) await writeFile(path, content);
    expect((await restoreFrom('folder')).outcome).toMatchObject({ blobs: 16 });
  });

  it('of a snapshot that a newer program has made names the way out, and touches nothing', async () => {
    await using ledger = await openLedger(home);
    const id = await installationId(ledger);
    await using opened = await openForWriting(home, findRepository(home, 'folder'), id);
    await takeSnapshot(opened.repository, ['newer'], {
      installationId: id,
      createdAt: Date.now() + 60_000,
      schemaVersion: SCHEMA_VERSION + 1,
      programVersion: '99.0.0',
    });
    await expect(restoreFrom('folder')).rejects.toMatchObject({
      code: 'snapshot_newer',
      message: expect.stringContaining('99.0.0'),
    });
    await expectNothing();
  });
});
