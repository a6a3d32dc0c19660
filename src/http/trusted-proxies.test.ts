import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AnswerServer, answerInPieces } from '../../tests/support/answer-server.ts';
import { openTestAccess, type TestAccess } from '../access/testing.ts';

let people: TestAccess;
beforeEach(async () => {
  people = await openTestAccess();
});
afterEach(async () => people[Symbol.asyncDispose]());

/** Signs in as a browser does that comes through a proxy on this machine, which ends its TLS. */
async function signInThrough(
  trustedProxies: readonly string[],
): Promise<{ cookie: string; address: string }> {
  const { access } = people;
  const signIn = vi.spyOn(access.signIn, 'signIn');
  const overrides = { access, trustedProxies };
  await using server = await AnswerServer.start(answerInPieces, overrides);
  const response = await fetch(`${server.baseUrl}/auth/sign-in`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
    },
    body: JSON.stringify({ username: 'admin', password: people.adminPassword }),
  });
  expect(response.status).toBe(200);
  const address = signIn.mock.lastCall?.[0].address ?? '';
  return { cookie: response.headers.get('set-cookie') ?? '', address };
}

test('behind a proxy that is trusted the cookie is for TLS alone, and attempts count for the browser', async () => {
  const { cookie, address } = await signInThrough(['127.0.0.0/8']);
  expect(cookie).toContain('; Secure');
  expect(address).toBe('203.0.113.9');
});

test.each([[[]], [['10.0.0.0/8']]])(
  'with %j trusted a client cannot say itself where it comes from',
  async (trusted) => {
    const { cookie, address } = await signInThrough(trusted);
    expect(cookie).not.toContain('Secure');
    expect(address).toMatch(/127\.0\.0\.1$/);
  },
);
