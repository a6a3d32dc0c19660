import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOOTSTRAP_KEY, openTestAccess, type TestAccess } from './testing.ts';

let it: TestAccess;
beforeEach(async () => {
  it = await openTestAccess();
});
afterEach(async () => it[Symbol.asyncDispose]());

const address = '10.0.0.1';
const signIn = (password = it.adminPassword) =>
  it.access.signIn.signIn({ username: 'admin', password, address });
const refresh = (token: string) => it.access.signIn.refresh(token);
const ended = { code: 'session_ended', kind: 'unauthenticated' };

describe('a refresh token', () => {
  test('is exchanged for another at each use, and only hashes are stored', async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    it.clock.now += 60_000;
    const third = await refresh(second.refreshToken);
    expect(new Set([first.refreshToken, second.refreshToken, third.refreshToken]).size).toBe(3);
    const rows = JSON.stringify(await it.ledger.read.all('SELECT * FROM sign_in_session'));
    expect(rows).not.toContain(third.refreshToken.split('.')[1]);
  });

  test('used again in time for a lost answer, or by a second tab, gives the same successor', async () => {
    const first = await signIn();
    const [one, two] = await Promise.all([refresh(first.refreshToken), refresh(first.refreshToken)]);
    it.clock.now += 10_000;
    const late = await refresh(first.refreshToken);
    expect(two.refreshToken).toBe(one.refreshToken);
    expect(late.refreshToken).toBe(one.refreshToken);
    it.clock.now += 1;
    await expect(refresh(one.refreshToken)).resolves.toBeDefined();
  });

  test('keeps its grace although a quick tab goes on with the successor', async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    await refresh(second.refreshToken);
    await refresh(second.refreshToken);
    expect((await refresh(first.refreshToken)).refreshToken).toBe(second.refreshToken);
  });

  test('used again later ends the session for the thief and the owner alike', async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    it.clock.now += 10_001;
    await expect(refresh(first.refreshToken)).rejects.toMatchObject(ended);
    await expect(refresh(second.refreshToken)).rejects.toMatchObject(ended);
    await expect(
      it.access.authenticate({ authorization: `Bearer ${second.accessToken}` }),
    ).rejects.toMatchObject({
      code: 'invalid_token',
    });
  });

  test('from further back ends the session too', async () => {
    const first = await signIn();
    let token = first.refreshToken;
    for (let index = 0; index < 3; index++) {
      it.clock.now += 20_000;
      token = (await refresh(token)).refreshToken;
    }
    await expect(refresh(first.refreshToken)).rejects.toMatchObject(ended);
    await expect(refresh(token)).rejects.toMatchObject(ended);
  });

  test('ends after a week without use, and after a month in any case', async () => {
    const idle = await signIn();
    it.clock.now += 7 * 86_400_000;
    await expect(refresh(idle.refreshToken)).rejects.toMatchObject(ended);
    let token = (await signIn()).refreshToken;
    let days = 0;
    for (; days < 60; days += 6) {
      it.clock.now += 6 * 86_400_000;
      const next = await refresh(token).catch(() => null);
      if (next === null) break;
      token = next.refreshToken;
    }
    expect(days).toBe(24);
  });

  test.each(['', 'x', 'sess_unknown.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'])(
    'that is made up is refused: %j',
    async (token) => {
      await expect(refresh(token)).rejects.toMatchObject(ended);
    },
  );

  test('ends with sign-out', async () => {
    const { refreshToken } = await signIn();
    await it.access.signIn.signOut(refreshToken);
    await expect(refresh(refreshToken)).rejects.toMatchObject(ended);
  });
});

describe('signing in', () => {
  test('tells the same of an unknown person and of a wrong password', async () => {
    const wrong = (await signIn('not the password').catch((error: unknown) => error)) as Error;
    const unknown = (await it.access.signIn
      .signIn({ username: 'nobody', password: 'not the password', address })
      .catch((error: unknown) => error)) as Error;
    expect(wrong).toMatchObject({ code: 'invalid_credentials', kind: 'unauthenticated' });
    expect({ ...unknown, message: unknown.message }).toEqual({ ...wrong, message: wrong.message });
    expect(wrong.message).not.toContain('not the password');
  });

  test('is throttled after five wrong passwords, even with the right one, until the delay is over', async () => {
    for (let index = 0; index < 5; index++) {
      await expect(signIn('not the password')).rejects.toMatchObject({ code: 'invalid_credentials' });
    }
    await expect(signIn()).rejects.toMatchObject({
      code: 'too_many_sign_ins',
      kind: 'rate_limited',
      retryAfterMs: 1_000,
    });
    it.clock.now += 1_000;
    await expect(signIn()).resolves.toBeDefined();
  });

  test('many times keeps a bounded number of sessions', async () => {
    for (let index = 0; index < 53; index++) {
      it.clock.now += 1;
      await signIn();
    }
    const row = await it.ledger.read.get<{ n: number }>('SELECT count(*) AS n FROM sign_in_session');
    expect(row?.n).toBe(50);
  });
});

describe('changing the password', () => {
  const change = async (current: string, next: string) => {
    const session = await signIn();
    const principal = await it.access.authenticate({ authorization: `Bearer ${session.accessToken}` });
    await it.access.signIn.changePassword(principal, { current, next, address });
    return session;
  };

  test('ends the other sessions, keeps this one, and is no longer demanded', async () => {
    const other = await signIn();
    const mine = await change(it.adminPassword, 'four unrelated words');
    await expect(refresh(other.refreshToken)).rejects.toMatchObject(ended);
    expect((await refresh(mine.refreshToken)).account.mustChangePassword).toBe(false);
    await expect(signIn()).rejects.toMatchObject({ code: 'invalid_credentials' });
    await expect(signIn('four unrelated words')).resolves.toBeDefined();
  });

  test('needs the current one and a good new one', async () => {
    await expect(change('not the password', 'four unrelated words')).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await expect(change(it.adminPassword, 'short')).rejects.toMatchObject({ code: 'weak_password' });
    await expect(change(it.adminPassword, it.adminPassword)).rejects.toMatchObject({ code: 'weak_password' });
  });

  test('is not for keys', async () => {
    const principal = await it.access.authenticate({ authorization: `Bearer ${BOOTSTRAP_KEY}` });
    const attempt = it.access.signIn.changePassword(principal, {
      current: 'x',
      next: 'four unrelated words',
      address,
    });
    await expect(attempt).rejects.toMatchObject({ code: 'session_required' });
  });
});
