import { describe, expect, test } from 'vitest';
import { excerpt } from './redact.ts';
import { errorInStream, readErrorBody, readRetryAfter } from './upstream-errors.ts';

const UPSTREAM = { name: 'first', secrets: ['hush-hush'] };

describe('what an upstream says in refusing is found in any usual shape', () => {
  const cases: [body: string, message: string, code: string][] = [
    ['{"error":{"message":"no","code":"x"}}', 'no', 'x'],
    ['{"error":{"message":"no","code":null,"type":"t"}}', 'no', 't'],
    ['{"error":"no"}', 'no', ''],
    ['{"object":"error","message":"no","code":400}', 'no', '400'],
    ['{"detail":"no"}', 'no', ''],
    ['{"detail":[{"msg":"bad"}]}', '[{"msg":"bad"}]', ''],
    ['null', 'null', ''],
    ['<html><h1>Bad  Gateway</h1></html>', ' Bad Gateway ', ''],
    ['', '', ''],
  ];
  for (const [body, message, code] of cases) {
    test(`${body}`, () => expect(readErrorBody(body)).toEqual({ message, code }));
  }
});

test('an error in the stream is told apart by its code', () => {
  expect(errorInStream(UPSTREAM, { message: 'slow down', code: 429 }).code).toBe('upstream_rate_limited');
  expect(errorInStream(UPSTREAM, { message: 'slow', type: 'rate_limit_exceeded' }).code).toBe(
    'upstream_rate_limited',
  );
  expect(errorInStream(UPSTREAM, 'broken').code).toBe('upstream_failed');
  expect(errorInStream(UPSTREAM, { message: 'm', code: 'content_filter' })).toMatchObject({
    code: 'upstream_refused',
    tryElsewhere: false,
  });
});

test('a foreign text is shown short, on one line and without secrets', () => {
  const shown = excerpt(`a\nb\u2028c hush-hush Bearer abc.def sk-proj-1234567890 ${'x'.repeat(500)}`, [
    'hush-hush',
  ]);
  expect(shown).toMatch(/^a b c \[redacted\] \[redacted\] \[redacted\] x+…$/);
  expect(shown.length).toBeLessThan(310);
});

test('Retry-After is read as seconds, as milliseconds and as a date', () => {
  const now = Date.parse('2026-11-20T10:00:00Z');
  expect(readRetryAfter({ 'retry-after': '7' }, now)).toBe(7_000);
  expect(readRetryAfter({ 'retry-after-ms': '250', 'retry-after': '7' }, now)).toBe(250);
  expect(readRetryAfter({ 'retry-after': 'Fri, 20 Nov 2026 10:00:09 GMT' }, now)).toBe(9_000);
  expect(readRetryAfter({ 'retry-after': 'Fri, 20 Nov 2026 09:00:00 GMT' }, now)).toBe(0);
  expect(readRetryAfter({ 'retry-after': 'soon' }, now)).toBeNull();
  expect(readRetryAfter({}, now)).toBeNull();
});
