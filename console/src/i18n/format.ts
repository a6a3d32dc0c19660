import type { Language } from './text.ts';

const locales: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' };

/** Seconds or milliseconds since the epoch: the OpenAI surface counts seconds, the kernel milliseconds. */
export function toDate(time: number): Date {
  return new Date(time < 1e11 ? time * 1000 : time);
}

export function formatDate(choice: Language, time: number): string {
  return new Intl.DateTimeFormat(locales[choice], { year: 'numeric', month: 'short', day: 'numeric' }).format(
    toDate(time),
  );
}

export function formatDateTime(choice: Language, time: number): string {
  return new Intl.DateTimeFormat(locales[choice], {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).format(toDate(time));
}

export function formatNumber(choice: Language, value: number): string {
  return new Intl.NumberFormat(locales[choice]).format(value);
}

export function formatBytes(choice: Language, bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 10 && unit > 0 ? 1 : 0;
  const text = new Intl.NumberFormat(locales[choice], { maximumFractionDigits: digits }).format(value);
  return `${text} ${units[unit]}`;
}
