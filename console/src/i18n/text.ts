import { useMemo } from 'react';
import { readLocal, writeLocal } from '../store/local.ts';
import { Observable, useObservable } from '../store/observable.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type Language = 'zh' | 'en';
export type TextKey = keyof typeof zh;
export type TextValues = Record<string, string | number>;
export type Translate = (key: TextKey, values?: TextValues) => string;

const dictionaries: Record<Language, Record<TextKey, string>> = { zh, en };

export const language = new Observable<Language>(
  readLocal<Language | null>('language', null) ?? browserLanguage(),
);

export function chooseLanguage(choice: Language): void {
  writeLocal('language', choice);
  language.set(choice);
}

export function translate(choice: Language, key: TextKey, values: TextValues = {}): string {
  return dictionaries[choice][key].replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole),
  );
}

export function hasText(key: string): key is TextKey {
  return Object.hasOwn(zh, key);
}

export function useLanguage(): Language {
  return useObservable(language);
}

export function useText(): Translate {
  const choice = useLanguage();
  return useMemo(() => (key, values) => translate(choice, key, values), [choice]);
}

/** Chinese unless the browser prefers another language. */
function browserLanguage(): Language {
  const preferred = globalThis.navigator?.language ?? 'zh';
  return preferred.toLowerCase().startsWith('zh') ? 'zh' : preferred === '' ? 'zh' : 'en';
}
