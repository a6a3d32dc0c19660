import { readLocal, writeLocal } from '../store/local.ts';
import { Observable } from '../store/observable.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';
export type ThemeName = 'light' | 'dark';

const systemDark = globalThis.matchMedia?.('(prefers-color-scheme: dark)');

export const themeChoice = new Observable<ThemeChoice>(readLocal<ThemeChoice>('theme', 'system'));
export const themeName = new Observable<ThemeName>(resolve());

export function chooseTheme(choice: ThemeChoice): void {
  writeLocal('theme', choice);
  themeChoice.set(choice);
  apply();
}

systemDark?.addEventListener('change', apply);
apply();

function resolve(): ThemeName {
  const choice = themeChoice.get();
  if (choice !== 'system') return choice;
  return systemDark?.matches ? 'dark' : 'light';
}

function apply(): void {
  themeName.set(resolve());
  document.documentElement.dataset['theme'] = themeName.get();
}
