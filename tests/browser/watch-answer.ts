import type { Page } from 'playwright-core';

/** What a reader saw of the last answer, at every change of the page. */
export interface Seen {
  /** Each text that was on the screen, in order. */
  texts: string[];
  /** Everything that looked like trouble: notices, banners, a word of reconnecting. */
  troubles: string[];
}

declare global {
  interface Window {
    seen?: Seen;
  }
}

const TROUBLES =
  '[role="alert"], .banner, .reconnecting, .ending, .error-notice, .ant-message-error, .not-sent';

/** Watches until the page is left or loaded anew. */
export async function watchAnswer(page: Page): Promise<void> {
  await page.evaluate((troubles) => {
    const seen: Seen = { texts: [], troubles: [] };
    window.seen = seen;
    const look = () => {
      const text = ([...document.querySelectorAll('.answer .prose')].at(-1)?.textContent ?? '').trim();
      if (text !== (seen.texts.at(-1) ?? '')) seen.texts.push(text);
      for (const element of document.querySelectorAll(troubles)) {
        const trouble = (element.textContent ?? '').trim();
        if (trouble !== '' && !seen.troubles.includes(trouble)) seen.troubles.push(trouble);
      }
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    look();
  }, TROUBLES);
}

export function seenAnswer(page: Page): Promise<Seen> {
  return page.evaluate(() => window.seen ?? { texts: [], troubles: [] });
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
