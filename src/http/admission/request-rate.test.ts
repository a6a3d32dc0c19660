import { describe, expect, it } from 'vitest';
import { RequestRates } from './request-rate.ts';

describe('requests a minute', () => {
  it('may come at once, and are then given back evenly', () => {
    const rates = new RequestRates();
    const at = (nowMs: number) => rates.take('key_a', 60, nowMs);
    for (let count = 0; count < 60; count++) expect(at(0).isAdmitted, `request ${count}`).toBe(true);
    expect(at(0)).toEqual({ isAdmitted: false, remaining: 0, retryAfterMs: 1_000 });
    expect(at(600).retryAfterMs).toBe(400);
    expect(at(1_000).isAdmitted).toBe(true);
    expect(at(1_000).isAdmitted).toBe(false);
    expect(at(61_000)).toEqual({ isAdmitted: true, remaining: 59, retryAfterMs: 0 });
  });

  it('are counted for each key alone', () => {
    const rates = new RequestRates();
    expect(rates.take('key_a', 1, 0).isAdmitted).toBe(true);
    expect(rates.take('key_a', 1, 0).isAdmitted).toBe(false);
    expect(rates.take('key_b', 1, 0).isAdmitted).toBe(true);
  });
});
