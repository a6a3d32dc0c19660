import { beforeEach, describe, expect, test } from 'vitest';
import { SignInThrottle } from './sign-in-throttle.ts';

let now = 0;
let throttle: SignInThrottle;
beforeEach(() => {
  now = 1_000_000;
  throttle = new SignInThrottle(() => now);
});

function waitOf(username: string, address: string): number {
  try {
    throttle.begin(username, address).withdraw();
    return 0;
  } catch (error) {
    return (error as { retryAfterMs: number }).retryAfterMs;
  }
}

function fail(times: number, username: string, address: string): void {
  for (let index = 0; index < times; index++) {
    now += waitOf(username, address);
    throttle.begin(username, address);
  }
}

describe('guessing a password', () => {
  test('is free five times, then takes twice as long each time, up to a quarter of an hour', () => {
    fail(5, 'li', '10.0.0.1');
    const waits = Array.from({ length: 12 }, () => {
      const wait = waitOf('li', '10.0.0.1');
      fail(1, 'li', '10.0.0.1');
      return wait;
    });
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(15 * 60_000);
  });

  test('many times at once gains nothing', () => {
    const attempts = Array.from({ length: 100 }, () => waitOf('li', '10.0.0.1'));
    expect(attempts.every((wait) => wait === 0)).toBe(true);
    for (let index = 0; index < 5; index++) throttle.begin('li', '10.0.0.1');
    expect(() => throttle.begin('li', '10.0.0.1')).toThrowError(
      expect.objectContaining({ code: 'too_many_sign_ins' }),
    );
  });

  test('of many people from one address is slowed down', () => {
    for (let index = 0; index < 20; index++) throttle.begin(`user${index}`, '10.0.0.1');
    expect(waitOf('another', '10.0.0.1')).toBeGreaterThan(0);
    expect(waitOf('another', '10.0.0.2')).toBe(0);
  });

  test('of many people behind one proxy does not lock out those who have signed in through it', () => {
    throttle.begin('li', '10.0.0.1').succeed();
    fail(40, 'nobody', '10.0.0.1');
    expect(waitOf('wang', '10.0.0.1')).toBeGreaterThan(0);
    expect(waitOf('li', '10.0.0.1')).toBe(0);
    for (let index = 0; index < 5; index++) throttle.begin('li', '10.0.0.1');
    expect(waitOf('li', '10.0.0.1')).toBeGreaterThan(0);
  });

  test('from many addresses of one IPv6 network counts as one', () => {
    for (let index = 0; index < 5; index++) throttle.begin('li', `2001:db8::${index}`);
    expect(waitOf('li', '2001:db8:0:0:ffff::9')).toBeGreaterThan(0);
    expect(waitOf('li', '2001:db8:0:1::9')).toBe(0);
  });

  test('from everywhere slows strangers down but never locks out the person whose name it is', () => {
    throttle.begin('li', '10.0.0.1').succeed();
    for (let index = 0; index < 60; index++) {
      now += 30_000;
      throttle.begin('li', `10.1.0.${index}`);
    }
    expect(waitOf('li', '10.2.0.1')).toBeLessThanOrEqual(30_000);
    expect(waitOf('li', '10.2.0.1')).toBeGreaterThan(0);
    expect(waitOf('li', '10.0.0.1')).toBe(0);
  });
});

test('a right password forgives the mistakes before it', () => {
  fail(4, 'li', '10.0.0.1');
  throttle.begin('li', '10.0.0.1').succeed();
  fail(5, 'li', '10.0.0.1');
  expect(waitOf('li', '10.0.0.1')).toBe(1_000);
});

test('mistakes are forgotten after an hour', () => {
  fail(8, 'li', '10.0.0.1');
  now += 3_600_000;
  fail(1, 'li', '10.0.0.1');
  expect(waitOf('li', '10.0.0.1')).toBe(0);
});
