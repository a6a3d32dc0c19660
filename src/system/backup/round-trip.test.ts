import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { hashCredential } from '../../access/credential-hash.ts';
import { Seal } from '../../health/alerts/seal.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { SnapshotContents, SnapshotManifest } from '../../recovery/ports.ts';
import { insertBatch } from '../../runs/event-batches.ts';
import { claimRuns } from '../../runs/run-claims.ts';
import { readEvents, submitRun } from '../../runs/run-store.ts';
import { type Configuration, loadConfiguration } from '../configuration.ts';
import { dataFolderAt, prepareDataFolder } from '../data-folder.ts';
import { keptFirstSignIn } from '../first-sign-in.ts';
import { prepareInstallation } from '../first-start.ts';
import { installationId } from '../installation-id.ts';
import { readLocalKey } from '../local-key.ts';
import { requireSharedPlaces } from '../shared-places.ts';
import { openBlobs, openLedger, openSecrets } from '../shared-stores.ts';
import { makeRepository } from './make-repository.ts';
import { makeSnapshot } from './make-snapshot.ts';
import { findRepository, openForReading } from './repositories.ts';
import { restore } from './restore.ts';

/** Rows that no restore has a reason to change. */
const KEPT = ['workspace', 'account', 'membership', 'document', 'knowledge_base', 'knowledge_base_document'];
const WORKSPACE = 'ws_of_nobody';
const HOUR_MS = 3_600_000;

let place: string;
let server: PostgresServer;
let laptop: Configuration;
let cluster: Configuration;
let laptopAgain: Configuration;
const ids: Record<string, string> = {};

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-round-'));
  server = await startPostgres();
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await mkdir(join(place, 'shared'));
  await writeFile(join(place, 'cluster.key'), 'k'.repeat(64));
  const configure = async (name: string, settings: object = {}): Promise<Configuration> => {
    const configFile = join(place, `${name}.yaml`);
    await writeFile(configFile, JSON.stringify({ backup: { repositories }, ...settings }));
    return loadConfiguration({}, { configFile, dataDir: join(place, name) });
  };
  laptop = await configure('laptop');
  laptopAgain = await configure('laptop-again');
  cluster = await configure('cluster', {
    stores: {
      ledger: { url: server.url(await server.createDatabase()) },
      blobs: { folder: join(place, 'shared/blobs') },
      index: { folder: join(place, 'shared/index') },
      secretKeyFile: join(place, 'cluster.key'),
    },
  });
  await prepareLaptop();
}, 120_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true });
});

/** The sample, waiting to be read; an answer in the middle; news that waits to be told; a channel with a secret. */
async function prepareLaptop(): Promise<void> {
  const folder = dataFolderAt(laptop.dataDir);
  await prepareDataFolder(folder);
  await using ledger = await openLedger(laptop, 'budao', { mayCreate: true });
  await prepareInstallation({ configuration: laptop, folder, ledger, log: pino({ level: 'silent' }) });
  const now = Date.now();
  const submit = (kind: string) =>
    ledger.transaction((tx) => submitRun(tx, { kind, workspaceId: WORKSPACE, input: {} }, now));
  ids.answer = (await submit('answer')).run.id;
  ids.notice = (await submit('notify')).run.id;
  await ledger.transaction(async (tx) => {
    const request = { owner: 'proc_old', kind: 'answer', limit: 1, now, leaseUntil: now + 2_000 };
    const [claimed] = await claimRuns(tx, request);
    const delta = { runId: ids.answer ?? '', epoch: claimed?.epoch ?? 0, type: 'answer.delta' };
    const deltas = [1, 2, 3].map((seq) => ({ ...delta, seq, payloadJson: `{"text":"t${seq} "}` }));
    await insertBatch(tx, { owner: 'proc_old', number: 1, deltas, now });
  });
  const sealed = await new Seal(openSecrets(laptop)).close('chan_1', { token: 'secret of the channel' });
  await ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO alert_channel (id, kind, name, settings, sealed, min_severity, language, disabled, created_at,
         updated_at) VALUES ('chan_1', 'webhook', 'W', '{}', :sealed, 'warning', 'en', 0, 1, 1)`,
      { sealed },
    );
    await tx.run(
      `INSERT INTO sign_in_session (id, account_id, refresh_hash, created_at, expires_at)
       VALUES ('sess_1', 'user_1', 'hash', 1, :until)`,
      { until: now + HOUR_MS },
    );
  });
}

const key = (): string => join(place, 'recovery.key');

async function snapshot(configuration: Configuration): Promise<[SnapshotManifest, SnapshotContents]> {
  const made = await makeSnapshot({
    configuration,
    repository: null,
    label: null,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  await using opened = await openForReading(findRepository(configuration, null), {
    keyFile: key(),
    scratchFolder: join(place, 'scratch'),
  });
  const { manifests } = await opened.repository.list();
  const manifest = manifests.find(({ id }) => id === made.id);
  if (manifest === undefined) throw new Error('the snapshot is not listed');
  return [manifest, (await opened.repository.read(manifest)).contents];
}

async function restoreInto(configuration: Configuration, replace = false) {
  return restore({
    configuration,
    repository: null,
    keyFile: key(),
    snapshotId: null,
    replace,
    dryRun: false,
    onProgress: () => {},
  });
}

const kept = ({ tables }: SnapshotContents) =>
  tables.filter(({ name }) => KEPT.includes(name)).map(({ name, rows, pieces }) => [name, rows, pieces]);

async function statusOf(ledger: Ledger, id = ''): Promise<unknown> {
  return ledger.read.get('SELECT status, owner FROM run WHERE id = :id', { id });
}

describe('an installation that moves from a laptop to a cluster and back', { timeout: 120_000 }, () => {
  let first: SnapshotContents;

  it('is taken by a snapshot, without a service as well', async () => {
    await makeRepository({
      configuration: laptop,
      repository: null,
      recipients: [],
      keyFile: key(),
      appendOnly: false,
    });
    const [manifest, contents] = await snapshot(laptop);
    first = contents;
    expect(contents.blobs).toHaveLength(16);
    expect(contents.leftOut).toEqual([]);
    expect(manifest).toMatchObject({ ledgerEngine: 'sqlite', counts: { documents: 16 } });
    // What the first one did is remembered, and that is all that the second one has to add.
    const [again, then] = await snapshot(laptop);
    const changed = then.tables.filter(
      (table) =>
        !isDeepStrictEqual(
          table,
          first.tables.find(({ name }) => name === table.name),
        ),
    );
    expect(changed.map(({ name }) => name)).toEqual(['backup_result']);
    expect(then.blobs).toEqual(first.blobs);
    expect(again.addedBytes).toBeLessThan(20_000);
  });

  it('has in the cluster what it had, as an installation of its own', async () => {
    const { outcome } = await restoreInto(cluster);
    expect(outcome).toMatchObject({ blobs: 16, replaced: null });
    await using ledger = await openLedger(cluster);
    await requireSharedPlaces(cluster, ledger);
    expect(await installationId(ledger)).toBe(outcome?.installationId);
    await using old = await openLedger(laptop);
    expect(await installationId(old)).not.toBe(outcome?.installationId);

    // The answer goes on where it was; what was told to the old place's people is not told again.
    expect(await statusOf(ledger, ids.answer)).toEqual({ status: 'running', owner: null });
    const events = await readEvents(ledger.read, ids.answer ?? '', 0, 10);
    expect(events.map(({ payload }) => payload)).toEqual([{ text: 't1 ' }, { text: 't2 ' }, { text: 't3 ' }]);
    expect(await statusOf(ledger, ids.notice)).toEqual({ status: 'cancelled', owner: null });
    for (const table of ['sign_in_session', 'process', 'duty', 'event_batch', 'run_owner'])
      expect(await ledger.read.all(`SELECT * FROM ${table}`)).toEqual([]);

    const channel = await ledger.read.get<{ sealed: string }>('SELECT sealed FROM alert_channel');
    expect(await new Seal(openSecrets(cluster)).open('chan_1', channel?.sealed ?? '')).toEqual({
      token: 'secret of the channel',
    });
    await using stores = await openBlobs(cluster);
    for (const { sha256 } of first.blobs) expect(await stores.blobs.verify(sha256)).toBe('ok');
  });

  it('takes no second restore over what is there', async () => {
    await expect(restoreInto(cluster)).rejects.toMatchObject({ code: 'restore_target_not_empty' });
    await expect(restoreInto(laptop)).rejects.toMatchObject({ code: 'restore_target_not_empty' });
  });

  it('is the same by hash when it is back', async () => {
    const [manifest, contents] = await snapshot(cluster);
    expect(manifest).toMatchObject({ ledgerEngine: 'postgres' });
    await restoreInto(laptopAgain);
    const [, last] = await snapshot(laptopAgain);
    expect(kept(contents)).toEqual(kept(first));
    expect(kept(last)).toEqual(kept(first));
    expect(last.blobs).toEqual(first.blobs);
    expect(last.derived).toEqual(first.derived);
  });

  it('does not open to the key of the machine that it came from', async () => {
    const old = await readLocalKey(dataFolderAt(laptop.dataDir));
    await using ledger = await openLedger(laptopAgain);
    expect(
      await ledger.read.get('SELECT 1 AS one FROM api_key WHERE key_hash = :hash', {
        hash: hashCredential(old),
      }),
    ).toBeUndefined();
  });

  it('still says how to sign in for the first time, as long as nobody has', async () => {
    const before = await keptFirstSignIn(dataFolderAt(laptop.dataDir));
    expect(before).not.toBeNull();
    expect(await keptFirstSignIn(dataFolderAt(laptopAgain.dataDir))).toEqual(before);
  });

  it('takes the place of what is in a cluster when it is told to', async () => {
    const { outcome } = await restoreInto(cluster, true);
    await using ledger = await openLedger(cluster);
    await requireSharedPlaces(cluster, ledger);
    expect(await installationId(ledger)).toBe(outcome?.installationId);
  });
});
