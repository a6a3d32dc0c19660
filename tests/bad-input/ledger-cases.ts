import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresServer } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';
import type { EngineCase } from './engine-case.ts';
import { type EngineStage, LEDGER, LOGIN } from './engine-stage.ts';

const isRoot = process.getuid?.() === 0;
const SMALL_DISK_BYTES = 64 * 1024 * 1024;

export const LEDGER_CASES: readonly EngineCase[] = [
  {
    name: 'a database whose login has lost its rights on one table',
    provoke: (stage) => alter(stage, `REVOKE INSERT ON run FROM ${LOGIN}`, `GRANT INSERT ON run TO ${LOGIN}`),
    check: {
      kind: 'ledger',
      says: /lacks rights: INSERT on run\. As the owner of the tables: GRANT SELECT, INSERT/,
    },
    asking: /^ledger_without_rights$/,
    uploading: null,
    isReady: true,
  },
  {
    name: 'a database that a newer program has migrated: what runs goes on, what starts says so',
    provoke: async (stage) => {
      await stage.postgres.query(LEDGER, `INSERT INTO schema_version (version, name) VALUES (999, 'newer')`);
      await endWorker(stage.postgres);
      return async () => {
        await stage.postgres.query(LEDGER, 'DELETE FROM schema_version WHERE version = 999');
      };
    },
    check: {
      kind: 'ledger',
      says: /schema version 999, this program knows up to \d+\. Start the newer program/,
    },
    // Kept until a worker can start again.
    asking: null,
    uploading: null,
    isReady: false,
    readiness: /\[-\]workers failed/,
    log: /schema version 999.* Trying again until it works/,
  },
  {
    name: 'a database server that is too old',
    provoke: async (stage) => {
      // No older server is at hand: the real one says another version of itself.
      stage.ledgerA.rewrite = (chunk) => replace(chunk, /(?<=\0\x06)15(?=\d{4})/, '14');
      stage.ledgerA.cut();
      return async () => {
        stage.ledgerA.rewrite = (chunk) => chunk;
        stage.ledgerA.cut();
      };
    },
    check: { kind: 'ledger', says: /is version 14\. Upgrade it to 15 or later/ },
    asking: /^ledger_too_old$/,
    uploading: /^ledger_too_old$/,
    isReady: false,
    readiness: /\[-\]ledger failed: .*version 14/,
    log: /is version 14\. Upgrade it to 15 or later/,
  },
  {
    name: 'a database that takes no writes by its setting',
    provoke: (stage) =>
      alter(
        stage,
        `ALTER DATABASE ${LEDGER} SET default_transaction_read_only = on`,
        `ALTER DATABASE ${LEDGER} RESET default_transaction_read_only`,
      ),
    check: { kind: 'ledger', says: /takes no writes: default_transaction_read_only is on/ },
    asking: /^ledger_read_only$/,
    uploading: /^ledger_read_only$/,
    isReady: false,
    readiness: /\[-\]ledger failed: .*takes no writes/,
    log: /takes no writes: default_transaction_read_only is on/,
  },
  {
    name: 'a database in recovery',
    provoke: async (stage) => {
      const standby = await stage.postgres.startStandby();
      stage.ledgerA.leadTo(standby.port);
      return async () => {
        stage.ledgerA.leadTo(stage.postgres.port);
        await standby[Symbol.asyncDispose]();
      };
    },
    check: {
      kind: 'ledger',
      says: /takes no writes: it is a standby, or still recovering.*primary's address/,
    },
    asking: /^ledger_read_only$/,
    uploading: /^ledger_read_only$/,
    isReady: false,
    readiness: /\[-\]ledger failed: .*takes no writes/,
    log: /takes no writes: it is a standby, or still recovering/,
  },
  {
    name: 'a slow database',
    provoke: async (stage) => {
      stage.ledgerA.delayMs = 100;
      return async () => {
        stage.ledgerA.delayMs = 0;
      };
    },
    check: null,
    asking: null,
    uploading: null,
    isReady: true,
  },
  {
    name: 'a database that says nothing',
    provoke: async (stage) => {
      stage.postgres.freeze();
      return async () => stage.postgres.thaw();
    },
    check: { kind: 'ledger', says: /cannot be reached|was lost|silent/ },
    asking: /^ledger_unavailable$/,
    uploading: /^ledger_unavailable$/,
    isReady: false,
    readiness: /\[-\]ledger failed/,
  },
  {
    name: 'a database that ends sessions in mid-transaction, again and again',
    provoke: async (stage) => {
      const ended = setInterval(() => {
        void stage.postgres
          .query(
            'postgres',
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${LEDGER}' AND usename = '${LOGIN}'
               AND application_name <> 'budao' AND random() < 0.5`,
          )
          .catch(() => undefined);
      }, 100);
      return async () => clearInterval(ended);
    },
    check: null,
    asking: null,
    uploading: null,
    isReady: true,
  },
  {
    name: 'a database on a disk that is full',
    impossible: isRoot ? null : 'needs root, to mount a small disk',
    provoke: fillLedgerDisk,
    check: { kind: 'ledger', says: /disk of .* is full\. Free some space/ },
    asking: /^storage_full$/,
    uploading: /^storage_full$/,
    isReady: true,
  },
  {
    name: 'a database back with another primary, and later with the one from before beside it',
    provoke: failOver,
    check: null,
    asking: null,
    uploading: null,
    isReady: true,
  },
];

async function alter(stage: EngineStage, change: string, undo: string): Promise<() => Promise<void>> {
  const run = async (statement: string): Promise<void> => {
    await stage.postgres.query(LEDGER, `BEGIN READ WRITE; ${statement}; COMMIT`);
    // A setting of a database counts for sessions that begin after it.
    stage.ledgerA.cut();
  };
  await run(change);
  return () => run(undo);
}

function replace(chunk: Buffer, what: RegExp, by: string): Buffer {
  return Buffer.from(chunk.toString('latin1').replace(what, by), 'latin1');
}

async function fillLedgerDisk(stage: EngineStage): Promise<() => Promise<void>> {
  const disk = join(stage.folder, 'small-disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_BYTES},mode=0777`, 'tmpfs', disk]);
  const { postgres } = stage;
  const space = join(disk, 'space');
  mkdirSync(space);
  execFileSync('chown', ['postgres', space]);
  execFileSync('chmod', ['0755', stage.folder]);
  await postgres.query('postgres', `CREATE TABLESPACE small LOCATION '${space}'`);
  await moveLedger(stage, 'small');
  const { bavail, bsize } = statfsSync(disk);
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - bsize));
  // The rest of the room is in pages that are there already.
  await postgres
    .query(
      LEDGER,
      `CREATE TABLE filler AS SELECT repeat(md5(n::text), 50) FROM generate_series(1, 100000) AS n`,
    )
    .catch(() => undefined);
  await fillPages(postgres);
  return async () => {
    rmSync(ballast);
    await moveLedger(stage, 'pg_default');
    await postgres.query('postgres', 'DROP TABLESPACE small');
    execFileSync('umount', [disk]);
  };
}

async function fillPages(postgres: PostgresServer): Promise<void> {
  const insert = `INSERT INTO run SELECT 'filler' || gen_random_uuid(), 'filler', 'none', NULL, repeat('x', 400), 'failed',
    NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL, 0, 0 FROM generate_series(1, 200)`;
  for (;;)
    if (
      !(await postgres.query(LEDGER, insert).then(
        () => true,
        () => false,
      ))
    )
      return;
}

async function moveLedger(stage: EngineStage, tablespace: string): Promise<void> {
  const { postgres, ledgerA } = stage;
  ledgerA.leadTo(null);
  await until(
    async () =>
      await postgres.query('postgres', `ALTER DATABASE ${LEDGER} SET TABLESPACE ${tablespace}`).then(
        () => true,
        () => false,
      ),
  );
  ledgerA.leadTo(postgres.port);
}

/** The standby has every commit; the first primary comes back as if nothing had been, and takes writes too. */
async function failOver(stage: EngineStage): Promise<() => Promise<void>> {
  const { postgres, ledgerA, ledgerB } = stage;
  const standby = await postgres.startStandby();
  await postgres.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await postgres.query('postgres', 'SELECT pg_reload_conf()');
  await until(async () => {
    const rows = await postgres.query('postgres', 'SELECT sync_state FROM pg_stat_replication');
    return rows.some((row) => row.sync_state === 'sync');
  });
  await postgres.kill();
  await standby.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = ''`);
  await standby.query('postgres', 'SELECT pg_reload_conf()');
  await standby.promote();
  ledgerA.leadTo(null);
  ledgerB.leadTo(standby.port);
  await until(async () => (await stage.readiness()).isReady);
  writeFileSync(join(postgres.folder, 'postgresql.auto.conf'), `synchronous_standby_names = ''\n`, {
    flag: 'a',
  });
  await postgres.start();
  ledgerA.leadTo(postgres.port);
  // Whoever starts now finds two that take writes.
  await endWorker(standby);
  stage.successor = standby;
  return async () => {
    ledgerA.leadTo(null);
    await postgres.kill();
  };
}

async function endWorker(server: PostgresServer): Promise<void> {
  const [worker] = await server.query(LEDGER, `SELECT pid::int AS pid FROM process WHERE role = 'worker'`);
  if (worker !== undefined) process.kill(Number(worker.pid), 'SIGKILL');
}
