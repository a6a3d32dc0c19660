import { describe, expect, it } from 'vitest';
import { AdmissionWindow, type LoadSigns, SMALLEST_WINDOW } from './admission-window.ts';

const CALM: LoadSigns = { open: 100, waitMs: 5, loopLagMs: 2, commitMs: 10 };
const LATE: LoadSigns = { ...CALM, waitMs: 500 };

/** Looks four times a second. */
function observe(window: AdmissionWindow, signs: LoadSigns, times: number, fromMs: number): number {
  let nowMs = fromMs;
  for (let index = 0; index < times; index++, nowMs += 250) window.observe(signs, nowMs);
  return nowMs;
}

describe('the admission window', () => {
  it('limits nothing as long as nothing is late, and takes a burst for a burst', () => {
    const window = new AdmissionWindow();
    const nowMs = observe(window, CALM, 10, 0);
    observe(window, CALM, 10, observe(window, LATE, 1, nowMs));
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes a queue that is short now and then for a burst, however long its questions waited', () => {
    const window = new AdmissionWindow();
    let nowMs = 0;
    for (let burst = 0; burst < 10; burst++) {
      nowMs = observe(window, { ...CALM, waitMs: 900 }, 3, nowMs);
      nowMs = observe(window, CALM, 1, nowMs);
    }
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
    observe(window, { ...CALM, waitMs: 300 }, 5, nowMs);
    expect(window.limit).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('is cut while there is a delay, whichever it is, and the deeper the longer it is', () => {
    const limitAfter = (signs: LoadSigns, looks: number): number => {
      const window = new AdmissionWindow();
      observe(window, signs, looks, 0);
      return window.limit;
    };
    expect(limitAfter({ ...CALM, loopLagMs: 250 }, 3)).toBe(87);
    expect(limitAfter({ ...CALM, commitMs: 1_000 }, 3)).toBe(87);
    expect(limitAfter(LATE, 4)).toBe(Number.POSITIVE_INFINITY);
    expect(limitAfter(LATE, 5)).toBe(75);
    expect(limitAfter({ ...CALM, open: 200, waitMs: 5_000 }, 5)).toBe(120);
  });

  it('is not cut again before the last cut can be felt', () => {
    const window = new AdmissionWindow();
    const nowMs = observe(window, LATE, 5, 0);
    const { limit } = window;
    window.observe(LATE, nowMs - 250);
    expect(window.limit).toBe(limit);
  });

  it('never shuts the door: below a few answers it is not load that delays', () => {
    const window = new AdmissionWindow();
    observe(window, LATE, 1_000, 0);
    expect(window.limit).toBe(SMALLEST_WINDOW);
  });

  it('opens again by itself when the delay is over, at last altogether', () => {
    const window = new AdmissionWindow();
    let nowMs = observe(window, LATE, 9, 0);
    const cut = window.limit;
    nowMs = observe(window, { ...CALM, open: cut }, 16, nowMs);
    expect(window.limit).toBeGreaterThan(cut * 1.15);
    observe(window, { ...CALM, open: 10 }, 80, nowMs);
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not take two late moments far from each other for one long delay', () => {
    const window = new AdmissionWindow();
    window.observe(LATE, 0);
    window.observe(LATE, 60_000);
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });
});
