import { open, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../tests/support/postgres-server.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { claimRuns } from '../../runs/run-claims.ts';
import { getRun, submitRun } from '../../runs/run-store.ts';
import { openPostgresLedger } from '../../stores/ledger/postgres-ledger.ts';
import { checkLedger } from './check-ledger.ts';
import { checkReferences } from './check-references.ts';
import { checkRuns } from './check-runs.ts';
import { checkVersions } from './check-versions.ts';
import { checkUp } from './checkup.ts';
import { results, TestPlace } from './testing.ts';

const HOUR_MS = 3_600_000;
const WORKSPACE = 'ws_test';

let installation: TestPlace;
beforeEach(async () => {
  installation = await TestPlace.make();
});
afterEach(() => installation[Symbol.asyncDispose]());

function inTransaction(ledger: Ledger, statement: string, params = {}): Promise<{ changes: number }> {
  return ledger.transaction((tx) => tx.run(statement, params));
}

/** A process of this machine that is alive as long as the test. */
function enterProcess(
  ledger: Ledger,
  role: string,
  version = '0.1.0',
  id = `proc_${role}`,
): Promise<unknown> {
  return inTransaction(
    ledger,
    `INSERT INTO process (id, pid, role, version, started_at, seen_at, node, host)
     VALUES (:id, :pid, :role, :version, :now, :now, 'here', :host)`,
    { id, pid: process.pid, role, version, now: Date.now() - HOUR_MS, host: hostname() },
  );
}

async function submit(ledger: Ledger, kind: string, createdAt: number): Promise<string> {
  const request = { kind, workspaceId: WORKSPACE, subjectId: null, input: {}, timeoutMs: 24 * HOUR_MS };
  const { run } = await ledger.transaction((tx) => submitRun(tx, request, createdAt));
  return run.id;
}

describe('doctor on the ledger', () => {
  it('finds nothing where nothing is wrong', async () => {
    await installation.open(async (place) => {
      expect(results((await checkLedger(place)).outcomes)).toEqual(['ledger ok']);
      expect(results(await checkReferences({ ...place, deep: true }))).toEqual(['references ok']);
      expect(results(await checkRuns(place))).toEqual(['runs ok']);
      expect(results(await checkVersions(place, place.ledger))).toEqual(['versions ok']);
    });
  });

  it('finds flipped bytes', async () => {
    const { ledger } = (await installation.at()).folder;
    await using file = await open(ledger, 'r+');
    const { size } = await file.stat();
    for (let page = 3; page * 4_096 < size; page++)
      await file.write(Buffer.alloc(64, 0xa5), 0, 64, page * 4_096 + 8);
    const { outcomes, findings } = await checkUp(await installation.at());
    expect(results(outcomes.filter(({ check }) => check === 'ledger'))).toEqual(['ledger failed']);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'ledger-integrity', fixed: false }));
  });

  it('tells of a ledger that is no ledger, and of one that is gone, and looks at everything else', async () => {
    const { ledger } = (await installation.at()).folder;
    await writeFile(ledger, 'not a database, but long enough to be taken for one'.repeat(50));
    const garbage = results((await checkUp(await installation.at())).outcomes);
    expect(garbage).toContain('ledger failed');
    expect(garbage).toContain('index unknown');
    expect(garbage).toContain('file-system ok');
    await rm(ledger);
    const { outcomes } = await checkUp(await installation.at({ fix: true }));
    const gone = outcomes.find(({ check }) => check === 'ledger');
    expect(gone).toMatchObject({ result: 'failed', fixed: false });
    expect(gone?.evidence.en).toMatch(/is gone/);
    await expect(open(ledger)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    [99, 'versions failed'],
    [1, 'versions warning'],
  ])('neither uses nor changes a ledger of schema %i', async (version, expected) => {
    const { ledger } = (await installation.at()).folder;
    const database = new DatabaseSync(ledger);
    database.exec(`PRAGMA user_version = ${version}`);
    const { outcomes } = await checkUp(await installation.at({ fix: true }));
    expect(results(outcomes)).toContain(expected);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: version });
    database.close();
  });

  it('sees processes of another version', async () => {
    await installation.open(async (place) => {
      await enterProcess(place.ledger, 'api', '0.0.9');
      const outcomes = await checkVersions(place, place.ledger);
      expect(results(outcomes)).toEqual(['versions warning']);
      expect(outcomes[0]?.evidence.en).toContain('here: 0.0.9');
    });
  });

  it('finds rows that name what is not there', async () => {
    await installation.open(async (place) => {
      await inTransaction(
        place.ledger,
        `INSERT INTO membership (workspace_id, account_id, role, created_at) VALUES ('ws_gone', 'user_gone', 'owner', 1)`,
      );
      const outcomes = await checkReferences(place);
      expect(outcomes.map(({ subject, result }) => [subject, result])).toEqual([
        ['membership', 'failed'],
        ['membership', 'failed'],
      ]);
    });
  });

  it('releases runs that a dead process holds, when asked to', async () => {
    await installation.open(async (place) => {
      const { ledger } = place;
      await enterProcess(ledger, 'worker');
      const id = await submit(ledger, 'ingest', Date.now());
      const now = Date.now() - HOUR_MS;
      await ledger.transaction((tx) =>
        claimRuns(tx, { owner: 'proc_dead', kind: 'ingest', limit: 1, now: Date.now(), leaseUntil: now }),
      );
      const [seen] = await checkRuns(place);
      expect(seen).toMatchObject({ result: 'failed', fixable: true, fixed: false, subject: id });
      expect(await checkRuns({ ...place, fix: true })).toMatchObject([{ fixed: true }]);
      expect((await getRun(ledger.read, id))?.owner).toBeNull();
      expect(results(await checkRuns(place))).toEqual(['runs ok']);
    });
  });

  it('sees work that waits for long, work that was put off for long, and that nobody works', async () => {
    await installation.open(async (place) => {
      const { ledger } = place;
      await enterProcess(ledger, 'api');
      await submit(ledger, 'ingest', Date.now() - HOUR_MS);
      expect(results(await checkRuns(place))).toEqual(['runs failed']);
      await enterProcess(ledger, 'worker');
      expect(results(await checkRuns(place))).toEqual(['runs warning']);
      const deferral = {
        code: 'model_unavailable',
        message: 'no model answers',
        since: Date.now() - HOUR_MS,
      };
      await inTransaction(ledger, 'UPDATE run SET deferral = :deferral', {
        deferral: JSON.stringify({ ...deferral, at: 0, count: 9 }),
      });
      const [putOff] = await checkRuns(place);
      expect(putOff).toMatchObject({ result: 'warning' });
      expect(putOff?.evidence.en).toContain('no model answers');
    });
  });

  it('builds an invalid index of PostgreSQL again, and passes on what invites damage', async () => {
    await using server = await startPostgres();
    const url = server.url(await server.createDatabase());
    await using ledger = await openPostgresLedger({ url, migrate: true });
    const settings = {
      stores: {
        ledger: { url },
        blobs: { folder: join(installation.root, 'blobs') },
        index: { folder: join(installation.root, 'index') },
        secretKeyFile: join(installation.root, 'key'),
      },
    };
    const place = { ...(await installation.at({ settings })), ledger };
    const failures = async (fix: boolean) =>
      (await checkLedger({ ...place, fix })).outcomes.filter(({ result }) => result === 'failed');
    expect(await failures(false)).toEqual([]);
    await inTransaction(
      ledger,
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = CAST('run_open' AS regclass)`,
    );
    expect(await failures(false)).toMatchObject([{ subject: 'run_open', fixable: true, fixed: false }]);
    expect(await failures(true)).toMatchObject([{ fixed: true }]);
    expect(await failures(false)).toEqual([]);
  }, 300_000);
});
