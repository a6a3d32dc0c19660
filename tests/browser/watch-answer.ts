import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/** What a reader saw of the last answer, at every change of the page. */
export interface Seen {
  /** Each text that was on the screen, in order. */
  texts: string[];
  /** Everything that looked like trouble: notices, banners, a word of reconnecting. */
  troubles: string[];
}

const IN_PAGE = new URL('watch-answer.page.js', import.meta.url);

/** Watches until the page is left or loaded anew. */
export async function watchAnswer(page: Page): Promise<void> {
  await page.evaluate(await readFile(IN_PAGE, 'utf8'));
}

export function seenAnswer(page: Page): Promise<Seen> {
  return page.evaluate('window.seen');
}

/** The first text that took something back or departed from `whole`; null when it only ever grew. */
export function firstStepBack(texts: readonly string[], whole: string): string | null {
  let length = 0;
  for (const text of texts) {
    if (text.length < length || !whole.startsWith(text)) return text;
    length = text.length;
  }
  return null;
}
