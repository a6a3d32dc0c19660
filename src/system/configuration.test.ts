import { expect, test } from 'vitest';
import { loadConfiguration } from './configuration.ts';

const proxies = (value: string): readonly string[] =>
  loadConfiguration({ BUDAO_TRUSTED_PROXIES: value }).server.trustedProxies;

test('no proxy is trusted that nobody named', () => {
  expect(loadConfiguration({}).server.trustedProxies).toEqual([]);
  expect(proxies('')).toEqual([]);
});

test('trusted proxies are addresses and ranges, of both kinds', () => {
  const value = '10.0.0.7, 192.168.0.0/16,::1,fd00::/8';
  expect(proxies(value)).toEqual(['10.0.0.7', '192.168.0.0/16', '::1', 'fd00::/8']);
});

test.each(['balancer.internal', '10.0.0.0/33', 'true', '10.0.0.1,'])(
  'a trusted proxy such as %j is refused by the name of the setting',
  (value) => {
    expect(() => proxies(value)).toThrow(/server\.trustedProxies.*BUDAO_TRUSTED_PROXIES/s);
  },
);
