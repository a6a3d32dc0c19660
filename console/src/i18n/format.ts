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
    hourCycle: 'h23',
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

export function formatClock(choice: Language, time: number): string {
  return new Intl.DateTimeFormat(locales[choice], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(toDate(time));
}

export function formatPercent(choice: Language, ratio: number): string {
  const maximumFractionDigits = ratio > 0 && ratio < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(locales[choice], { style: 'percent', maximumFractionDigits }).format(ratio);
}

const durationUnits = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const;

/** In the largest unit that fits, with two digits that count. */
export function formatDuration(choice: Language, seconds: number): string {
  const { unit, seconds: size } = durationUnits.find((one) => seconds >= one.seconds) ?? {
    unit: seconds === 0 ? ('second' as const) : ('millisecond' as const),
    seconds: 0.001,
  };
  const value = seconds / size;
  return new Intl.NumberFormat(locales[choice], {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 && unit !== 'millisecond' ? 1 : 0,
  }).format(value);
}
