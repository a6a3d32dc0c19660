import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../tests/support/postgres-server.ts';
import { openPostgresLedger } from './postgres-ledger.ts';

describe('a server across a network', () => {
  let folder: string;
  let server: PostgresServer;
  let database: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budao-certificates-'));
    for (const [name, host] of [
      ['good', 'DNS:localhost'],
      ['other', 'DNS:elsewhere.example'],
    ] as const) {
      const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
      const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${host}`];
      execFileSync(
        'openssl',
        [...'req -x509 -newkey rsa:2048 -nodes -days 2'.split(' '), ...files, ...subject],
        {
          stdio: 'ignore',
        },
      );
    }
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    server = await startPostgres({
      settings: { ssl: 'on' },
      access: ['hostssl all all 127.0.0.1/32 trust', 'host all postgres 127.0.0.1/32 trust'],
      files: { 'server.key': await read('good.key'), 'server.crt': await read('good.pem') },
    });
    await server.query('postgres', 'CREATE ROLE keeper LOGIN');
    database = await server.createLedger();
    await server.query(database, 'GRANT ALL ON ALL TABLES IN SCHEMA public TO keeper');
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const address = (host: string, options: string): string =>
    `postgres://keeper@${host}:${server.port}/${database}?${options}`;
  const root = (name: string): string => `sslrootcert=${join(folder, `${name}.pem`)}`;

  test('asks the server to notice within seconds when a process is cut off, lest its sessions use up all there are', async () => {
    await using ledger = await openPostgresLedger({ url: address('127.0.0.1', 'sslmode=require') });
    const settings = await ledger.read.get<Record<string, string>>(
      `SELECT current_setting('tcp_keepalives_idle') AS idle, current_setting('tcp_keepalives_interval') AS interval,
         current_setting('tcp_keepalives_count') AS count, current_setting('tcp_user_timeout') AS unanswered`,
    );
    expect(settings).toEqual({ idle: '5', interval: '1', count: '5', unanswered: '10000' });
  });

  test.each([
    ['localhost', 'sslmode=verify-full', 'good'],
    ['127.0.0.1', 'sslmode=verify-ca', 'good'],
    ['127.0.0.1', 'sslmode=require', 'other'],
  ])('is spoken to in TLS: %s with %s', async (host, mode, name) => {
    const url = address(host, mode === 'sslmode=require' ? mode : `${mode}&${root(name)}`);
    await using ledger = await openPostgresLedger({ url });
    expect(
      await ledger.read.get('SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    ).toMatchObject({ version: expect.stringContaining('TLS') });
  });

  test.each([
    ['under another name than its certificate says', '127.0.0.1', 'sslmode=verify-full', 'good'],
    ['with a certificate of somebody else', 'localhost', 'sslmode=verify-full', 'other'],
    ['with a certificate of somebody else, whatever its name', '127.0.0.1', 'sslmode=verify-ca', 'other'],
  ])('is refused %s', async (_, host, mode, name) => {
    await expect(openPostgresLedger({ url: address(host, `${mode}&${root(name)}`) })).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: expect.stringMatching(/certificate/i),
    });
  });

  test('is not spoken to in the clear where it wants TLS', async () => {
    await expect(openPostgresLedger({ url: address('127.0.0.1', 'sslmode=disable') })).rejects.toMatchObject({
      code: 'ledger_login_refused',
    });
  });

  test('is not asked at all where the root certificate cannot be read', async () => {
    await expect(
      openPostgresLedger({ url: address('localhost', 'sslmode=verify-full&sslrootcert=/absent.pem') }),
    ).rejects.toMatchObject({ message: expect.stringContaining('root certificate') });
  });
});
