import { expect, test } from 'vitest';
import { readRedisAddress } from './redis-address.ts';

test('an address says hosts, login, TLS and Sentinels', () => {
  const url = 'rediss://budao:p%40ss@one,two:6380,[fd00::1]:7000/0?sslrootcert=/ca.pem';
  expect(readRedisAddress(url)).toMatchObject({
    hosts: [
      { host: 'one', port: 6379 },
      { host: 'two', port: 6380 },
      { host: 'fd00::1', port: 7000 },
    ],
    user: 'budao',
    password: 'p@ss',
    sentinelPrimary: null,
    tls: true,
    rootCertificatePath: '/ca.pem',
  });
  expect(readRedisAddress('valkey://one?sentinel=answers')).toMatchObject({
    hosts: [{ host: 'one', port: 26_379 }],
    user: null,
    password: null,
    sentinelPrimary: 'answers',
    tls: false,
  });
});

test.each([
  ['http://host', /no such URL/],
  ['redis://', /host is missing/],
  ['redis://host:99999', /99999 is no port/],
  ['redis://one,,two', /an empty entry is no host/],
  ['redis://host?sslrootcert=/ca.pem', /rediss:\/\//],
  ['rediss://user:geheim@host?sslcert=/c.pem&tls=1', /no parameter tls.*sslcert and sslkey/],
])('what is wrong with %s is said, without its password', (url, complaint) => {
  expect(() => readRedisAddress(url)).toThrow(complaint);
  expect(() => readRedisAddress(url)).not.toThrow(/geheim/);
});
