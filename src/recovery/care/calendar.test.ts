import { expect, test } from 'vitest';
import { lastDue, nextDue, parseCalendar } from './calendar.ts';

const at = (text: string): number => Date.parse(text);
const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

test.each([
  ['every 10m', 'UTC', '2026-11-21T10:07:00Z', '2026-11-21T10:00:00.000Z', '2026-11-21T10:10:00.000Z'],
  ['hourly', 'UTC', '2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z', '2026-11-21T11:00:00.000Z'],
  ['hourly :15', 'UTC', '2026-11-21T10:07:00Z', '2026-11-21T09:15:00.000Z', '2026-11-21T10:15:00.000Z'],
  // India is half an hour beside the others.
  ['hourly', 'Asia/Kolkata', '2026-11-21T10:07:00Z', '2026-11-21T09:30:00.000Z', '2026-11-21T10:30:00.000Z'],
  ['daily 02:30', 'UTC', '2026-11-21T10:07:00Z', '2026-11-21T02:30:00.000Z', '2026-11-22T02:30:00.000Z'],
  [
    'daily 02:30',
    'Asia/Shanghai',
    '2026-11-21T20:00:00Z',
    '2026-11-21T18:30:00.000Z',
    '2026-11-22T18:30:00.000Z',
  ],
  [
    'daily 22:00',
    'America/New_York',
    '2026-11-21T01:00:00Z',
    '2026-11-20T03:00:00.000Z',
    '2026-11-21T03:00:00.000Z',
  ],
  ['weekly sun 04:00', 'UTC', '2026-11-21T10:00:00Z', '2026-11-15T04:00:00.000Z', '2026-11-22T04:00:00.000Z'],
  ['monthly 1 05:00', 'UTC', '2026-03-01T04:59:00Z', '2026-02-01T05:00:00.000Z', '2026-03-01T05:00:00.000Z'],
  // Clocks go from 02:00 to 03:00 on that day: half past two is half past three then.
  [
    'daily 02:30',
    'Europe/Berlin',
    '2026-03-29T12:00:00Z',
    '2026-03-29T01:30:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ],
  // And from 03:00 back to 02:00: the first half past two counts, and only that.
  [
    'daily 02:30',
    'Europe/Berlin',
    '2026-10-25T00:45:00Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ],
])('%s in %s, seen from %s', (text, zone, now, last, next) => {
  expect(iso(lastDue(parseCalendar(text), zone, at(now)))).toBe(last);
  expect(iso(nextDue(parseCalendar(text), zone, at(now)))).toBe(next);
});

test('what is off is never due', () => {
  expect(lastDue(parseCalendar('off'), 'UTC', 0)).toBeNull();
  expect(nextDue(parseCalendar('off'), 'UTC', 0)).toBeNull();
});

test.each([
  '',
  'now',
  'every',
  'every 0m',
  'every 10s',
  'daily',
  'daily 24:00',
  'daily 2',
  'weekly 02:30',
  'weekly xyz 02:30',
  'monthly 31 02:30',
  'hourly 15',
  'daily 02:30 x',
])('"%s" is refused with what a schedule may be', (text) => {
  expect(() => parseCalendar(text)).toThrow(/daily 02:30/);
});
