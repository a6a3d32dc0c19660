import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import type { Bucket } from './bucket-settings.ts';
import type { Configuration } from './configuration.ts';
import { installationId } from './installation-id.ts';
import { requireSharedPlaces } from './shared-places.ts';
import { openBlobs, openIndex, settingsHash } from './shared-stores.ts';

let machine: string;
let ledger: Ledger;

beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), 'budao-places-'));
  await mkdir(join(machine, 'drive'));
  ledger = await openSqliteLedger({ path: join(machine, 'ledger.db') });
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await rm(machine, { recursive: true, force: true });
});

const drive = (): string => join(machine, 'drive');
const everything = async (): Promise<string[]> => (await readdir(drive(), { recursive: true })).sort();

/** Of a node whose drive is mounted at `at`. */
function nodeWith(at = drive(), bucket: Bucket | null = null): Configuration {
  const folders = bucket === null;
  return {
    dataDir: join(machine, 'node'),
    stores: {
      ledger: { url: 'postgres://nowhere/budao' },
      blobs: { folder: folders ? join(at, 'blobs') : null, bucket },
      index: { folder: folders ? join(at, 'index') : null },
      channel: { url: null },
    },
    models: [],
    embedder: null,
  } as unknown as Configuration;
}

test('folders in use for the first time are made, marked, and found again from another mount point', async () => {
  await requireSharedPlaces(nodeWith(), ledger);
  expect(await readFile(join(drive(), 'blobs/.budao-installation'), 'utf8')).toBe(
    await installationId(ledger),
  );
  await rename(drive(), join(machine, 'mounted-elsewhere'));
  await requireSharedPlaces(nodeWith(join(machine, 'mounted-elsewhere')), ledger);
});

test('a drive that was never mounted is not made up by the first node', async () => {
  await rm(drive(), { recursive: true });
  await expect(requireSharedPlaces(nodeWith(), ledger)).rejects.toMatchObject({
    code: 'shared_folder_missing',
    message: expect.stringContaining(`${drive()} is not there`),
  });
  expect(await readdir(machine)).not.toContain('drive');
});

test('a process that starts while the drive is away starts without it, and makes nothing in its place', async () => {
  const node = nodeWith();
  await requireSharedPlaces(node, ledger);
  await rename(drive(), join(machine, 'away'));
  await expect(requireSharedPlaces(node, ledger)).rejects.toMatchObject({ code: 'shared_folder_missing' });
  await requireSharedPlaces(node, ledger, { mayBeAway: true });
  await using blobs = await openBlobs(node);
  await using opened = new AsyncDisposableStack();
  const { index, presence } = await openIndex(node, null);
  opened.use(index);
  await presence.begin();
  await expect(presence.assert()).rejects.toMatchObject({ code: 'storage_unavailable' });
  await expect(blobs.presence.assert()).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await readdir(machine)).not.toContain('drive');
  await rename(join(machine, 'away'), drive());
  await presence.assert();
  await blobs.presence.assert();
});

test('an empty mount point, or another drive, is not taken for the one that was there', async () => {
  const node = nodeWith();
  await requireSharedPlaces(node, ledger);
  await rename(drive(), join(machine, 'away'));
  await mkdir(join(drive(), 'blobs'), { recursive: true });
  await mkdir(join(drive(), 'index'));
  await expect(requireSharedPlaces(node, ledger)).rejects.toMatchObject({ code: 'shared_folder_missing' });
  await requireSharedPlaces(node, ledger, { mayBeAway: true });
  await using blobs = await openBlobs(node);
  await expect(blobs.presence.assert()).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await everything()).toEqual(['blobs', 'index']);
});

test('a second installation in the same folder is refused, also by a process that may do without it', async () => {
  await mkdir(join(drive(), 'blobs'));
  await writeFile(join(drive(), 'blobs/.budao-installation'), 'inst_another');
  const refused = { code: 'shared_folder_foreign', message: expect.stringContaining('another installation') };
  await expect(requireSharedPlaces(nodeWith(), ledger)).rejects.toMatchObject(refused);
  await expect(requireSharedPlaces(nodeWith(), ledger, { mayBeAway: true })).rejects.toMatchObject(refused);
});

test('two installations that begin in one folder at once do not both get it', async () => {
  await using second = await openSqliteLedger({ path: join(machine, 'second.db') });
  const outcomes = await Promise.allSettled(
    [ledger, second].map((one) => requireSharedPlaces(nodeWith(), one)),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('nodes that are told of different kinds of places do not run as if they agreed', () => {
  expect(settingsHash(nodeWith())).toBe(settingsHash(nodeWith('/mnt/elsewhere')));
  expect(settingsHash(nodeWith())).not.toBe(settingsHash(nodeWith(drive(), {} as Bucket)));
});
