import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type S3Server, startS3 } from '../../tests/support/s3-server.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { openBucket } from './bucket.ts';
import type { Bucket } from './bucket-settings.ts';
import type { Configuration } from './configuration.ts';
import { installationId } from './installation-id.ts';
import { requireMarkedBucket, requireSharedPlaces } from './shared-places.ts';

let server: S3Server;
let machine: string;
let ledger: Ledger;
let bucket: Bucket;

beforeAll(async () => {
  server = await startS3();
});
afterAll(() => server?.[Symbol.asyncDispose]());

beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), 'budao-bucket-'));
  ledger = await openSqliteLedger({ path: join(machine, 'ledger.db') });
  const credentialsFile = join(machine, 'credentials');
  const { accessKeyId, secretAccessKey } = server.user;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  await writeFile(credentialsFile, `[default]\n${keys}`);
  const { endpoint, region } = server;
  const name = await server.createBucket();
  bucket = { endpoint, region, name, credentialsFile, prefix: 'knowledge/' } as Bucket;
  Object.assign(bucket, { profile: 'default', addressing: 'path', checksum: 'none' });
  Object.assign(bucket, { certificateAuthorityFile: null });
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await rm(machine, { recursive: true, force: true });
});

function nodeWith(places: { bucket: Bucket } | { folder: string }): Configuration {
  const blobs = { folder: null, bucket: null, ...places };
  return { stores: { blobs, index: { folder: null } } } as unknown as Configuration;
}

test('a bucket belongs to the installation that uses it first, and another prefix to the next', async () => {
  await requireSharedPlaces(nodeWith({ bucket }), ledger);
  await requireSharedPlaces(nodeWith({ bucket }), ledger);
  const mark = await server.fetch('GET', `/${bucket.name}/knowledge/.budao-installation`);
  expect(await mark.text()).toBe(await installationId(ledger));
  await using second = await openSqliteLedger({ path: join(machine, 'second.db') });
  const refused = { code: 'shared_bucket_foreign', message: expect.stringContaining('another installation') };
  for (const mayBeAway of [false, true]) {
    await expect(requireSharedPlaces(nodeWith({ bucket }), second, { mayBeAway })).rejects.toMatchObject(
      refused,
    );
  }
  await requireSharedPlaces(nodeWith({ bucket: { ...bucket, prefix: 'second/' } }), second);
});

test('a bucket that was emptied, or is another one, is not taken for the one that was there', async () => {
  await requireSharedPlaces(nodeWith({ bucket }), ledger);
  await using client = await openBucket(bucket);
  await requireMarkedBucket(client);
  await server.fetch('DELETE', `/${bucket.name}/knowledge/.budao-installation`);
  await expect(requireMarkedBucket(client)).rejects.toMatchObject({ code: 'storage_unavailable' });
  for (const mayBeAway of [false, true]) {
    await expect(requireSharedPlaces(nodeWith({ bucket }), ledger, { mayBeAway })).rejects.toMatchObject({
      code: 'shared_bucket_missing',
    });
  }
  const missing = { ...bucket, name: 'never-made' };
  await expect(requireSharedPlaces(nodeWith({ bucket: missing }), ledger)).rejects.toMatchObject({
    code: 'storage_refused',
  });
});

test('an installation whose documents are in a bucket refuses a node that is told of a folder', async () => {
  await requireSharedPlaces(nodeWith({ bucket }), ledger);
  const node = nodeWith({ folder: join(machine, 'blobs') });
  await expect(requireSharedPlaces(node, ledger)).rejects.toMatchObject({
    code: 'shared_place_other',
    message: expect.stringContaining(bucket.name),
  });
});
