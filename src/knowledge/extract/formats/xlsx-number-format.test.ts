import { expect, it } from 'vitest';
import { meaningOf, NumberFormats } from './xlsx-number-format.ts';

it.each([
  ['General', 'number'],
  ['#,##0.00', 'number'],
  ['0.00%', 'percent'],
  ['yyyy-mm-dd', 'date'],
  ['[$-804]yyyy"年"m"月"d"日";@', 'date'],
  ['m/d', 'date'],
  ['hh:mm:ss', 'time'],
  ['[h]:mm', 'time'],
  ['mm:ss', 'time'],
  ['yyyy/m/d h:mm', 'date-time'],
  ['"days "0', 'number'],
  ['[Red]0.0', 'number'],
])('the format %s means a %s', (code, meaning) => {
  expect(meaningOf(code)).toBe(meaning);
});

it.each([
  ['59', '1900-02-28'],
  ['61', '1900-03-01'],
  ['45748', '2025-04-01'],
  ['45748.5', '2025-04-01 12:00'],
])('serial %s is %s, although Excel believes in 29 February 1900', (serial, text) => {
  expect(new NumberFormats(['date-time'], false).format(serial, 0)).toBe(text);
});

it('counts from 1904 where the workbook does', () => {
  expect(new NumberFormats(['date'], true).format('0', 0)).toBe('1904-01-01');
});

it.each([
  ['0.30000000000000004', '0.3'],
  ['1e21', '1000000000000000000000'],
  ['1234567890123', '1234567890123'],
  ['#N/A', '#N/A'],
])('the number %s reads %s', (raw, text) => {
  expect(new NumberFormats([], false).format(raw, 0)).toBe(text);
});
