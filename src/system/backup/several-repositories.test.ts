import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { budao } from '../../../tests/support/cli.ts';
import { type Configuration, loadConfiguration } from '../configuration.ts';
import { dataFolderAt, prepareDataFolder } from '../data-folder.ts';
import { prepareInstallation } from '../first-start.ts';
import { openBlobs, openLedger } from '../shared-stores.ts';
import { makeRepository } from './make-repository.ts';
import { makeSnapshot } from './make-snapshot.ts';
import { restore } from './restore.ts';
import { tryRepositories } from './try-repositories.ts';

let place: string;
let home: Configuration;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-several-'));
  home = await configure('home');
  await install(home);
  for (const repository of ['stick', 'offsite'])
    await makeRepository({
      configuration: home,
      repository,
      recipients: [],
      keyFile: join(place, `${repository}.key`),
      appendOnly: false,
    });
  const keys = await Promise.all(
    ['stick', 'offsite'].map((name) => readFile(join(place, `${name}.key`), 'utf8')),
  );
  await writeFile(join(place, 'both.key'), keys.join(''));
});
afterEach(() => rm(place, { recursive: true, force: true }));

async function configure(name: string): Promise<Configuration> {
  const configFile = join(place, `${name}.yaml`);
  const repositories = ['stick', 'offsite'].map((one) => ({ name: one, folder: join(place, one) }));
  await writeFile(configFile, JSON.stringify({ backup: { repositories } }));
  return loadConfiguration({}, { configFile, dataDir: join(place, name) });
}

async function install(configuration: Configuration): Promise<void> {
  const folder = dataFolderAt(configuration.dataDir);
  await prepareDataFolder(folder);
  await using ledger = await openLedger(configuration, 'budao', { mayCreate: true });
  await prepareInstallation({ configuration, folder, ledger, log: pino({ level: 'silent' }) });
}

const REQUEST = { label: null, signal: new AbortController().signal, onProgress: () => {} };
const take = (repository: string) => makeSnapshot({ ...REQUEST, configuration: home, repository });

async function restoreInto(name: string, more: { snapshotId?: string; replace?: boolean } = {}) {
  return restore({
    configuration: await configure(name),
    repository: null,
    keyFile: join(place, 'both.key'),
    snapshotId: more.snapshotId ?? null,
    replace: more.replace ?? false,
    dryRun: false,
    onProgress: () => {},
  });
}

async function packsOf(repository: string): Promise<string[]> {
  const files = await readdir(join(place, repository, 'packs'), { recursive: true });
  return files
    .filter((file) => file.endsWith('.tar.zst.age'))
    .map((file) => join(place, repository, 'packs', file));
}

async function expectWhole(name: string): Promise<void> {
  const configuration = await configure(name);
  await using ledger = await openLedger(configuration);
  await using stores = await openBlobs(configuration);
  const documents = await ledger.read.all<{ sha256: string }>('SELECT sha256 FROM document');
  expect(documents).toHaveLength(16);
  for (const { sha256 } of documents) expect(await stores.blobs.verify(sha256)).toBe('ok');
}

const cli = (...args: string[]) =>
  budao([...args, '--json', '--data-dir', join(place, 'home')], {
    environment: { BUDAO_CONFIG: join(place, 'home.yaml') },
  });

describe('of several repositories', { timeout: 120_000 }, () => {
  it('the next one restores when the first is not there, and that is said', async () => {
    await take('stick');
    const made = await take('offsite');
    await rename(join(place, 'stick'), join(place, 'lost'));
    const report = await restoreInto('new');
    expect(report).toMatchObject({
      snapshot: { id: made.id },
      repositories: ['offsite'],
      used: [{ repository: 'offsite' }],
      troubles: [{ repository: 'stick', code: 'repository_unavailable' }],
    });
    await expectWhole('new');
  });

  it('one gives the objects that another has damaged, each by its content', async () => {
    await take('offsite');
    {
      await using ledger = await openLedger(home);
      await ledger.transaction((tx) => tx.run(`UPDATE workspace SET name = 'Renamed'`));
    }
    const made = await take('stick');
    for (const pack of await packsOf('stick')) {
      const content = await readFile(pack);
      content[Math.floor(content.length * 0.9)] = (content[Math.floor(content.length * 0.9)] ?? 0) ^ 1;
      await writeFile(pack, content);
    }
    const report = await restoreInto('new', { snapshotId: made.id }).catch((error: unknown) => error);
    // Its list of contents is in no other repository.
    expect(report).toMatchObject({ code: 'object_corrupt' });
    const other = await restoreInto('new');
    expect(other.repositories).toEqual(['offsite']);
    expect(other.troubles.map(({ repository }) => repository)).toContain('stick');
    await expectWhole('new');
  });

  it('a missing pack of documents is read from the other one, under the snapshot that was asked for', async () => {
    await take('offsite');
    const made = await take('stick');
    const sizes = await Promise.all(
      (await packsOf('stick')).map(async (path) => ({ path, bytes: (await readFile(path)).length })),
    );
    const [largest] = sizes.sort((left, right) => right.bytes - left.bytes);
    await rm(largest?.path ?? '');
    const report = await restoreInto('new', { snapshotId: made.id });
    expect(report.snapshot.id).toBe(made.id);
    expect(report.used.map(({ repository }) => repository)).toEqual(['stick', 'offsite']);
    expect(report.troubles).toMatchObject([{ repository: 'stick', code: 'object_missing' }]);
    await expectWhole('new');
  });

  it('nothing is restored that none of them has whole, and all of them are named', async () => {
    await take('stick');
    await take('offsite');
    for (const pack of [...(await packsOf('stick')), ...(await packsOf('offsite'))]) await rm(pack);
    const error = await restoreInto('new').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'object_missing', message: expect.stringContaining('stick') });
    expect(error).toMatchObject({ message: expect.stringContaining('offsite') });
    expect(await readdir(join(place, 'new'))).not.toContain('ledger.db');
  });

  it('a backup goes into all, and is not successful when one has not got it', async () => {
    const both = await cli('backup', 'create');
    expect(both.code).toBe(0);
    expect(JSON.parse(both.stdout)).toMatchObject({
      ok: true,
      repositories: [
        { repository: 'stick', error: null },
        { repository: 'offsite', error: null },
      ],
    });
    await rename(join(place, 'stick'), join(place, 'lost'));
    const one = await cli('backup', 'create');
    expect(one.code).not.toBe(0);
    expect(JSON.parse(one.stdout)).toMatchObject({
      ok: false,
      repositories: [
        { repository: 'stick', snapshot: null, error: { code: 'repository_unavailable' } },
        { repository: 'offsite', snapshot: { repository: 'offsite' }, error: null },
      ],
    });
    const listed = await cli('backup', 'list');
    expect(JSON.parse(listed.stdout)).toMatchObject({
      snapshots: [{ repository: 'offsite' }, { repository: 'offsite' }],
      troubles: [{ repository: 'stick' }],
    });
  });

  it('each is tried by the check of the settings', async () => {
    await take('stick');
    expect(await tryRepositories(home)).toMatchObject([
      {
        name: 'stick',
        ok: true,
        message: expect.stringMatching(/1 snapshots.*writable; signing key present/),
      },
      { name: 'offsite', ok: true, message: expect.stringContaining('0 snapshots') },
    ]);
    expect(await readdir(join(place, 'offsite', 'locks'))).toEqual([]);
    await rename(join(place, 'offsite'), join(place, 'lost'));
    expect(await tryRepositories(home)).toMatchObject([{ ok: true }, { ok: false, kind: 'repository' }]);
    await rm(dataFolderAt(home.dataDir).secrets, { recursive: true });
    await mkdir(dataFolderAt(home.dataDir).secrets);
    expect(await tryRepositories(home)).toMatchObject([
      { ok: false, message: expect.stringContaining('another signing key') },
      { ok: false },
    ]);
  });

  it('the newest snapshot is not put over another installation unless it is named', async () => {
    const old = await take('stick');
    await restoreInto('relative');
    const stranger = await configure('stranger');
    await install(stranger);
    const made = await makeSnapshot({ ...REQUEST, configuration: stranger, repository: 'stick' });
    await expect(restoreInto('home', { replace: true })).rejects.toMatchObject({
      code: 'snapshot_of_another',
      message: expect.stringContaining(made.id),
    });
    const report = await restoreInto('home', { replace: true, snapshotId: made.id });
    expect(report.otherInstallations).toMatchObject([{ snapshotId: old.id }]);
    // What was restored from a snapshot is no stranger to it, nor to what it became.
    const relative = await configure('relative');
    const last = await makeSnapshot({ ...REQUEST, configuration: relative, repository: 'stick' });
    expect((await restoreInto('relative', { replace: true })).snapshot.id).toBe(last.id);
  });
});
