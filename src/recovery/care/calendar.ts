/** When something is to be done again and again, in plain words: `every 10m`, `hourly`, `daily 02:30`, `weekly sun 04:00`. */
import { BudaoError } from '../../contract/errors.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const MOST_OFTEN_MS = MINUTE_MS;
const LEAST_OFTEN_MS = 31 * DAY_MS;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** So far back lies the last time of whatever comes once a month, summer time and the shortest month included. */
const LONGEST_DAYS = 33;

export type Calendar =
  | { kind: 'off' }
  /** At multiples of the interval since the epoch, wherever one is. */
  | { kind: 'every'; intervalMs: number }
  /** At a minute of each hour. */
  | { kind: 'hourly'; minute: number }
  | { kind: 'days'; weekday: number | null; monthday: number | null; hour: number; minute: number };

/** @throws BudaoError schedule_invalid */
export function parseCalendar(text: string): Calendar {
  const words = text.trim().toLowerCase().split(/\s+/);
  const [first = '', second = '', third = ''] = words;
  const count = words.length;
  if (first === 'off' && count === 1) return { kind: 'off' };
  if (first === 'every' && count === 2) {
    const [, number, unit] = /^(\d{1,4})([mhd])$/.exec(second) ?? [];
    const intervalMs = Number(number) * (UNITS[unit ?? ''] ?? Number.NaN);
    if (intervalMs >= MOST_OFTEN_MS && intervalMs <= LEAST_OFTEN_MS) return { kind: 'every', intervalMs };
  }
  if (first === 'hourly' && count === 1) return { kind: 'hourly', minute: 0 };
  if (first === 'hourly' && count === 2) {
    const [, minute] = /^:([0-5]\d)$/.exec(second) ?? [];
    if (minute !== undefined) return { kind: 'hourly', minute: Number(minute) };
  }
  if (first === 'daily' && count === 2) return atTime(second, {}, text);
  if (first === 'weekly' && count === 3 && WEEKDAYS.includes(second))
    return atTime(third, { weekday: WEEKDAYS.indexOf(second) }, text);
  if (first === 'monthly' && count === 3 && /^([1-9]|1\d|2[0-8])$/.test(second))
    return atTime(third, { monthday: Number(second) }, text);
  throw invalid(text);
}

function atTime(
  time: string,
  { weekday = null, monthday = null }: { weekday?: number | null; monthday?: number | null },
  text: string,
): Calendar {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
  if (hour === undefined) throw invalid(text);
  return { kind: 'days', weekday, monthday, hour: Number(hour), minute: Number(minute) };
}

function invalid(text: string): BudaoError {
  return new BudaoError(
    'invalid',
    'schedule_invalid',
    `"${text}" is no schedule. Say off, every 10m (m, h or d), hourly, hourly :15, daily 02:30, weekly sun 04:00 or ` +
      'monthly 1 05:00 (a day from 1 to 28).',
  );
}

/** @returns the last time that is not after `now`; null where there is none, as for `off` */
export function lastDue(calendar: Calendar, timeZone: string, now: number): number | null {
  return nearest(calendar, timeZone, now, 'before');
}

/** @returns the first time after `now` */
export function nextDue(calendar: Calendar, timeZone: string, now: number): number | null {
  return nearest(calendar, timeZone, now, 'after');
}

/** How long it takes at most from one time to the next; null for `off`. */
export function longestInterval(calendar: Calendar): number | null {
  switch (calendar.kind) {
    case 'off':
      return null;
    case 'every':
      return calendar.intervalMs;
    case 'hourly':
      return HOUR_MS;
    case 'days':
      // A day on which summer time ends is an hour longer.
      if (calendar.monthday !== null) return 31 * DAY_MS + HOUR_MS;
      return (calendar.weekday === null ? DAY_MS : 7 * DAY_MS) + HOUR_MS;
  }
}

function nearest(calendar: Calendar, timeZone: string, now: number, side: 'before' | 'after'): number | null {
  switch (calendar.kind) {
    case 'off':
      return null;
    case 'every': {
      const last = Math.floor(now / calendar.intervalMs) * calendar.intervalMs;
      return side === 'before' ? last : last + calendar.intervalMs;
    }
    case 'hourly': {
      // Some zones lie half an hour beside the others.
      const shift = calendar.minute * MINUTE_MS - (offsetOf(timeZone, now) % HOUR_MS);
      const last = Math.floor((now - shift) / HOUR_MS) * HOUR_MS + shift;
      return side === 'before' ? last : last + HOUR_MS;
    }
    case 'days':
      return nearestDay(calendar, timeZone, now, side);
  }
}

function nearestDay(
  calendar: Extract<Calendar, { kind: 'days' }>,
  timeZone: string,
  now: number,
  side: 'before' | 'after',
): number | null {
  const today = new Date(now + offsetOf(timeZone, now));
  const step = side === 'before' ? -1 : 1;
  // The day before and after too: what the wall says there may be this side of now.
  for (let days = -1; days <= LONGEST_DAYS; days++) {
    const day = new Date(
      Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() + step * days),
    );
    if (calendar.weekday !== null && day.getUTCDay() !== calendar.weekday) continue;
    if (calendar.monthday !== null && day.getUTCDate() !== calendar.monthday) continue;
    const at = instantOf(day.getTime() + calendar.hour * HOUR_MS + calendar.minute * MINUTE_MS, timeZone);
    if (side === 'before' ? at <= now : at > now) return at;
  }
  return null;
}

/**
 * @param wall what a clock on the wall shows, as if it were UTC. A time that summer time leaves out is the one an hour
 *   later, of one that comes twice the first counts.
 */
function instantOf(wall: number, timeZone: string): number {
  const before = offsetOf(timeZone, wall - DAY_MS);
  const after = offsetOf(timeZone, wall + DAY_MS);
  const first = wall - Math.max(before, after);
  if (first + offsetOf(timeZone, first) === wall) return first;
  const second = wall - Math.min(before, after);
  return second + offsetOf(timeZone, second) === wall ? second : wall - before;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far a zone's clocks are ahead of UTC, in milliseconds. */
function offsetOf(timeZone: string, at: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
