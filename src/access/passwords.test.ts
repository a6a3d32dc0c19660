import { parseOptions } from '@node-rs/argon2';
import { describe, expect, test } from 'vitest';
import { DUMMY_HASH, HASH_OPTIONS, PasswordHasher } from './password-hasher.ts';
import { generatePassword, requireGoodPassword } from './password-rules.ts';

describe('a new password', () => {
  test.each([
    ['short', 'short-one'],
    ['the username', 'Dr.Li-Xiaoming'],
    ['the username in full-width letters', 'ｄｒ．ｌｉ－ｘｉａｏｍｉｎｇ'],
    ['a common one', 'Password123'],
    ['a repetition', 'ababababababab'],
    ['endless', 'x1y'.repeat(200)],
  ])('is refused when it is %s, without being repeated in the message', (_, password) => {
    const attempt = (): void => requireGoodPassword(password, 'dr.li-xiaoming');
    expect(attempt).toThrowError(expect.objectContaining({ code: 'weak_password', param: 'password' }));
    expect(attempt).not.toThrowError(password);
  });

  test.each(['correct horse battery', '一二三四五六七八九十', generatePassword()])(
    'is accepted: %s',
    (password) => {
      expect(() => requireGoodPassword(password, 'admin')).not.toThrow();
    },
  );

  test('that is generated differs each time and can be read out', () => {
    expect(generatePassword()).toMatch(/^([a-hjkmnp-z2-9]{4}-){4}[a-hjkmnp-z2-9]{4}$/);
    expect(generatePassword()).not.toBe(generatePassword());
  });
});

describe('a stored password', () => {
  const hasher = new PasswordHasher();

  test('is an argon2id hash with the recommended cost', async () => {
    expect(await hasher.hash('correct horse battery')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test('fits the same text from another keyboard, and nothing else', async () => {
    const hash = await hasher.hash('ｐａｓｓ é word 1');
    expect(await hasher.verify(hash, 'pass e\u0301 word 1')).toBe(true);
    expect(await hasher.verify(hash, 'pass e word 1')).toBe(false);
  });

  test('of nobody costs as much to check as a real one, and never fits', async () => {
    expect(parseOptions(DUMMY_HASH)).toMatchObject(HASH_OPTIONS);
    expect(await hasher.verify(null, 'whatever it is')).toBe(false);
  });

  test('is checked for a bounded number of people at once', async () => {
    const attempts = Array.from({ length: 80 }, () => hasher.verify(null, 'x'.repeat(12)));
    const outcomes = await Promise.allSettled(attempts);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBe(80 - 66);
    expect(refused[0]?.reason).toMatchObject({ code: 'sign_in_busy', kind: 'unavailable' });
    expect(await hasher.verify(null, 'afterwards')).toBe(false);
  });
});
