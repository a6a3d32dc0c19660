import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

test('retries are a share of the calls of the last seconds, and come back with time', () => {
  let now = 0;
  const budget = new RetryBudget({ share: 0.1, windowMs: 10_000, least: 2 }, () => now);
  const takeAll = (): number => {
    let taken = 0;
    while (budget.take()) taken++;
    return taken;
  };
  for (let call = 0; call < 100; call++) budget.countCall();
  expect(takeAll()).toBe(10);
  now += 5_000;
  for (let call = 0; call < 100; call++) budget.countCall();
  expect(takeAll()).toBe(10);
  // The first hundred calls, and their retries, are out of the window.
  now += 6_000;
  expect(takeAll()).toBe(0);
  now += 20_000;
  expect(takeAll()).toBe(2);
  expect([budget.taken, budget.refused]).toEqual([22, 4]);
});
