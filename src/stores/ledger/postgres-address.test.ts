import { describe, expect, test } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import { readPostgresAddress } from './postgres-address.ts';

test('an address names several hosts, and who proves what to whom', () => {
  const url =
    'postgresql://keeper:p%40ss:word@db-1,[::1]:5433/ledger?sslmode=verify-ca&sslrootcert=/etc/ca.pem&connect_timeout=3&target_session_attrs=read-write';
  expect(readPostgresAddress(url)).toEqual({
    hosts: [
      { host: 'db-1', port: 5432 },
      { host: '::1', port: 5433 },
    ],
    user: 'keeper',
    password: 'p@ss:word',
    database: 'ledger',
    tlsMode: 'verify-ca',
    rootCertificatePath: '/etc/ca.pem',
    certificatePath: null,
    keyPath: null,
    connectTimeoutMs: 3_000,
    applicationName: 'budao',
  });
});

test('a host and its ports may stand among the parameters, as for a socket', () => {
  expect(readPostgresAddress('postgres://u@/d?host=/run/postgresql&port=5433').hosts).toEqual([
    { host: '/run/postgresql', port: 5433 },
  ]);
  expect(readPostgresAddress('postgres://u@%2Frun%2Fpostgresql/d').hosts).toEqual([
    { host: '/run/postgresql', port: 5432 },
  ]);
});

test.each([
  ['postgres://u@db-1/d', 'verify-full'],
  ['postgres://u@127.0.0.1,db-1/d', 'verify-full'],
  ['postgres://u@localhost/d', 'disable'],
  ['postgres://u@db-1/d?sslmode=require', 'require'],
])('a server across a network proves who it is, unless told otherwise: %s', (url, mode) => {
  expect(readPostgresAddress(url).tlsMode).toBe(mode);
});

describe('what is wrong is said all at once, and never with the password', () => {
  test.each([
    ['mysql://u@h/d', ['no such URL']],
    ['postgres://:secret@h:99999?ssl=1', ['user', 'database', '99999', 'parameter ssl']],
    ['postgres://u:secret@a,,b/d', ['empty entry']],
    ['postgres://u:secret@h/d?sslmode=prefer', ['sslmode is prefer']],
    ['postgres://u:secret@h/d?target_session_attrs=any&connect_timeout=0', ['read-write', 'seconds']],
    ['postgres://u:se%cret@h/d', ['%25']],
  ])('%s', (url, words) => {
    let error: unknown;
    try {
      readPostgresAddress(url);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(BudaoError);
    expect((error as BudaoError).code).toBe('ledger_address_invalid');
    for (const word of words) expect((error as BudaoError).message).toContain(word);
    expect((error as BudaoError).message).not.toContain('secret');
  });
});
