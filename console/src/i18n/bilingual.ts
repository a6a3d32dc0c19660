import type { Language } from './text.ts';

const BETWEEN_LANGUAGES = ' / ';

/** Of a name that people wrote in both languages with a stroke between, the part to show; any other as it is. */
export function inLanguage(choice: Language, text: string): string {
  const parts = text.split(BETWEEN_LANGUAGES);
  const [own, ...others] = parts.filter((part) => isIn(choice, part));
  return parts.length === 2 && own !== undefined && others.length === 0 ? own.trim() : text;
}

/** Those of the reader's language first, the others after them. */
export function ownLanguageFirst<T>(choice: Language, items: readonly T[], textOf: (item: T) => string): T[] {
  const isOwn = (item: T) => isIn(choice, textOf(item));
  return [...items.filter(isOwn), ...items.filter((item) => !isOwn(item))];
}

export function isIn(choice: Language, text: string): boolean {
  return /\p{Script=Han}/u.test(text) === (choice === 'zh');
}
