import type { Translate } from '../../i18n/text.ts';

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const UNITS = { m: 'minutes', h: 'hours', d: 'days' } as const;

/** A schedule's words in the reader's language; null for what is no schedule. The server has the last word. */
export function describeWhen(t: Translate, when: string): string | null {
  const words = when.trim().toLowerCase().split(/\s+/);
  const [first = '', second = '', third = ''] = words;
  const count = words.length;
  if (first === 'off' && count === 1) return t('when.off');
  const [, number, unit] = /^(\d{1,4})([mhd])$/.exec(second) ?? [];
  if (first === 'every' && count === 2 && Number(number) > 0)
    return t(`every.${UNITS[unit as keyof typeof UNITS]}`, { count: Number(number) });
  if (first === 'hourly' && count === 1) return t('when.hourly', { minute: '00' });
  const [, minute] = /^:([0-5]\d)$/.exec(second) ?? [];
  if (first === 'hourly' && count === 2 && minute !== undefined) return t('when.hourly', { minute });
  if (first === 'daily' && count === 2 && isTime(second)) return t('when.daily', { time: second });
  const weekday = WEEKDAYS.find((day) => day === second);
  if (first === 'weekly' && count === 3 && weekday !== undefined && isTime(third))
    return t('when.weekly', { day: t(`weekday.${weekday}`), time: third });
  if (first === 'monthly' && count === 3 && /^([1-9]|1\d|2[0-8])$/.test(second) && isTime(third))
    return t('when.monthly', { day: second, time: third });
  return null;
}

function isTime(text: string): boolean {
  return /^([01]?\d|2[0-3]):[0-5]\d$/.test(text);
}
