import { describe, expect, it } from 'vitest';
import { AdmissionWindow, INTERVAL_MS, type LoadSigns, SMALLEST_WINDOW } from './admission-window.ts';

const CALM: LoadSigns = { open: 100, waitMs: 5, loopLagMs: 2, commitMs: 10 };
const LATE: LoadSigns = { ...CALM, waitMs: 900 };

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
    observe(window, LATE, 2, nowMs);
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('is cut once in an interval while a delay stands, whichever it is', () => {
    for (const signs of [LATE, { ...CALM, loopLagMs: 300 }, { ...CALM, commitMs: 2_000 }]) {
      const window = new AdmissionWindow();
      observe(window, signs, 3, 0);
      expect(window.limit).toBe(90);
      window.observe(signs, INTERVAL_MS + 250);
      expect(window.limit).toBe(90);
      window.observe(signs, 2 * INTERVAL_MS);
      expect(window.limit).toBe(81);
    }
  });

  it('never shuts the door: below a few answers it is not load that delays', () => {
    const window = new AdmissionWindow();
    observe(window, LATE, 1_000, 0);
    expect(window.limit).toBe(SMALLEST_WINDOW);
  });

  it('opens again by itself when the delay is over', () => {
    const window = new AdmissionWindow();
    let nowMs = observe(window, LATE, 9, 0);
    const cut = window.limit;
    nowMs = observe(window, { ...CALM, open: cut }, 4, nowMs);
    expect(window.limit).toBeGreaterThan(cut * 1.15);
    observe(window, { ...CALM, open: 10 }, 40, nowMs);
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not take two late moments far from each other for one long delay', () => {
    const window = new AdmissionWindow();
    window.observe(LATE, 0);
    window.observe(LATE, 60_000);
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });
});
