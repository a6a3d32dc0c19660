/** What a person would notice at once on a page, measured. */
import type { Page } from 'playwright-core';

export function sidewaysPx(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

/** Texts that reach beyond the window or beyond what shows them. Those only for screen readers do not count. */
export function cutOffTexts(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('#main *')].flatMap((element) => {
    const text = [...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join('').trim();
    if (text === '' || element.closest('svg, [aria-hidden="true"], .visually-hidden, thead') !== null) return [];
    if (!element.checkVisibility()) return [];
    const { left, right, width } = element.getBoundingClientRect();
    const isHidden = getComputedStyle(element).overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
    return left < -0.5 || right > innerWidth + 0.5 || width === 0 || isHidden ? [text] : [];
  })`);
}

export function focusedLabel(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    const focused = document.activeElement;
    return focused.getAttribute('aria-label') ?? (focused.labels?.[0] ?? focused).textContent.trim();
  })()`);
}

/** Presses the key until what is focused has this name. @returns the name */
export async function tabTo(page: Page, label: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<string> {
  for (let presses = 0; presses < 60; presses++) {
    const focused = await focusedLabel(page);
    if (label.test(focused)) return focused;
    await page.keyboard.press(key);
  }
  throw new Error(`the keyboard does not reach ${label}`);
}
