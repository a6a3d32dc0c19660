import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { until } from '../../../tests/support/until.ts';
import { Meter } from '../../health/signals/meter.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Configuration, loadConfiguration } from '../configuration.ts';
import { installationId } from '../installation-id.ts';
import { takeSharedPlaces } from '../shared-places.ts';
import { openLedger } from '../shared-stores.ts';
import { adoptInstallation } from './adopt-installation.ts';
import { archiveStream, measureArchive } from './archive-state.ts';

let place: string;
let archive: string;
let server: PostgresServer;
let database: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-archive-'));
  archive = await mkdtemp(join(tmpdir(), 'budao-wal-'));
  // The server runs as another user.
  await chmod(archive, 0o777);
  server = await startPostgres({
    settings: { archive_mode: 'on', archive_command: `'test ! -f ${archive}/%f && cp %p ${archive}/%f'` },
  });
  database = await server.createLedger();
  await writeFile(join(place, 'key'), 'k'.repeat(64), { mode: 0o600 });
  for (const name of ['blobs', 'index']) await mkdir(join(place, name));
}, 120_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  for (const folder of [place, archive]) await rm(folder, { recursive: true, force: true });
});

function configurationFor(url: string): Configuration {
  return loadConfiguration({
    BUDAO_DATA_DIR: join(place, 'data'),
    BUDAO_LEDGER_URL: url,
    BUDAO_BLOBS_FOLDER: join(place, 'blobs'),
    BUDAO_INDEX_FOLDER: join(place, 'index'),
    BUDAO_SECRET_KEY_FILE: join(place, 'key'),
  });
}

async function addWorkspace(ledger: Ledger, id: string): Promise<void> {
  await ledger.transaction(async (tx) => {
    await tx.run(`INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, :id, '{}', 1)`, { id });
  });
}

describe('a database server that archives its log', { timeout: 120_000 }, () => {
  it('is brought back to a point in time, and what it holds then becomes an installation of its own', async () => {
    const before = configurationFor(server.url(database));
    const old = await (async () => {
      await using ledger = await openLedger(before);
      return await installationId(ledger);
    })();
    await takeSharedPlaces(before, old, { replace: false });
    await using copy = await server.takeBaseBackup();
    let time = '';
    {
      await using ledger = await openLedger(before);
      await addWorkspace(ledger, 'ws_wanted');
      await ledger.transaction(async (tx) => {
        await tx.run(
          `INSERT INTO document (id, workspace_id, filename, purpose, bytes, sha256, created_at)
           VALUES ('doc_1', 'ws_wanted', 'lost.md', 'user_data', 1, :hash, 1)`,
          { hash: 'a'.repeat(64) },
        );
      });
      await sleep(100);
      const [row] = await server.query(database, 'SELECT clock_timestamp()::text AS now');
      time = String(row?.now);
      await sleep(100);
      await addWorkspace(ledger, 'ws_mistake');
      const [file] = await server.query(database, 'SELECT pg_walfile_name(pg_switch_wal()) AS name');
      await until(async () => (await readdir(archive)).includes(String(file?.name)), 30_000);
    }
    await server.stop();
    await copy.recover({
      restore_command: `'cp ${archive}/%f %p'`,
      recovery_target_time: `'${time}'`,
      recovery_target_action: "'promote'",
    });
    const url = copy.url(database);
    await until(
      async () => (await copy.query(database, 'SELECT pg_is_in_recovery() AS is'))[0]?.is === false,
      30_000,
    );

    const after = configurationFor(url);
    const dry = await adoptInstallation(after, { dryRun: true });
    expect(dry).toMatchObject({
      before: old,
      installationId: null,
      documents: 1,
      missing: 1,
      missingNames: ['lost.md'],
    });
    const adopted = await adoptInstallation(after, { dryRun: false });
    await using ledger = await openLedger(after);
    expect(await installationId(ledger)).toBe(adopted.installationId);
    expect(adopted.installationId).not.toBe(old);
    const rows = await ledger.read.all<{ id: string }>(
      `SELECT id FROM workspace WHERE id LIKE 'ws_%' ORDER BY id`,
    );
    expect(rows.map(({ id }) => id)).toContain('ws_wanted');
    expect(rows.map(({ id }) => id)).not.toContain('ws_mistake');
    await server.start();
  });

  it('says how far the archive is, and why it does not go on', async () => {
    await using ledger = await openLedger(configurationFor(server.url(database)));
    const sound = await archiveStream(ledger.read, []);
    expect(sound).toMatchObject({ phase: 'archived', reason: null });
    expect(sound.lagMs).toBeGreaterThanOrEqual(0);
    const checked = await archiveStream(ledger.read, ['sh', '-c', 'echo the stanza is damaged >&2; exit 1']);
    expect(checked.reason).toMatchObject({
      code: 'archive_check_failed',
      message: expect.stringContaining('stanza'),
    });
    const meter = new Meter();
    await measureArchive(ledger.read, meter);
    expect(meter.gauges.get('archive_lag_seconds')?.get('')).toBeGreaterThanOrEqual(0);

    await server.query('postgres', `ALTER SYSTEM SET archive_command = 'false'`);
    await server.query('postgres', 'SELECT pg_reload_conf()');
    await addWorkspace(ledger, 'ws_more');
    await server.query(database, 'SELECT pg_switch_wal()');
    await until(
      async () => (await archiveStream(ledger.read, [])).reason?.code === 'archive_failing',
      60_000,
    );
  });
});
