import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { createAccess } from './access.ts';
import { ensureBootstrap } from './bootstrap.ts';
import { openTestLedger } from './testing.ts';

const now = (): number => Date.UTC(2026, 0, 5);
const key = 'an automation key of 2026'.replaceAll(' ', '-');
let ledger: Ledger;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ ledger, close } = await openTestLedger());
});
afterEach(async () => close());

async function counts(): Promise<number[]> {
  const tables = ['workspace', 'account', 'membership', 'api_key', 'setting'];
  const rows = await Promise.all(
    tables.map((name) => ledger.read.get<{ n: number }>(`SELECT count(*) AS n FROM ${name}`)),
  );
  return rows.map((row) => Number(row?.n));
}

async function open() {
  return createAccess({ ledger, secrets: { read: async () => new Uint8Array(32) }, now });
}

describe('the first start', () => {
  test('makes a workspace, an admin who can sign in and must change the password, and the given key', async () => {
    const first = await ensureBootstrap({ ledger, bootstrapApiKey: key, now });
    const access = await open();
    const signedIn = await access.signIn.signIn({
      username: 'Admin',
      password: first.admin?.password ?? '',
      address: '::1',
    });
    expect(signedIn.account).toMatchObject({ username: 'admin', mustChangePassword: true });
    expect(signedIn.memberships).toMatchObject([{ workspaceName: '默认工作区 / Default', role: 'owner' }]);
    expect(await access.authenticate({ authorization: `Bearer ${key}` })).toMatchObject({
      role: 'owner',
      workspaceId: first.workspaceId,
      accountId: null,
    });
  });

  test.each([
    ['short', 'too-short', 'bootstrap_key_too_short'],
    ['unsendable', 'with a space in it 123', 'bootstrap_key_malformed'],
    ['taken for a token', 'eyJhbGciOiJIUzI1NiJ9.e30.abcdefgh', 'bootstrap_key_malformed'],
  ])('refuses a key that is %s, and makes nothing', async (_, bad, code) => {
    await expect(ensureBootstrap({ ledger, bootstrapApiKey: bad, now })).rejects.toMatchObject({ code });
    await expect(ensureBootstrap({ ledger, bootstrapApiKey: bad, now })).rejects.not.toThrow(bad);
    expect(await counts()).toEqual([0, 0, 0, 0, 0]);
  });

  test('killed between any two of its steps leaves nothing behind, and the next start is the first', async () => {
    const outcomes: string[] = [];
    do {
      const dying = { read: ledger.read, transaction: killedAt(outcomes.length + 1) } as unknown as Ledger;
      const outcome = await ensureBootstrap({ ledger: dying, bootstrapApiKey: key, now }).then(
        () => 'survived',
        (error: Error) => error.message,
      );
      outcomes.push(`${outcome}, ${(await counts()).join(' ')}`);
    } while (outcomes.at(-1)?.startsWith('killed'));
    expect(outcomes.length).toBeGreaterThan(5);
    expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(['killed, 0 0 0 0 0']));
    expect(await counts()).toEqual([1, 1, 1, 1, 1]);
  });
});

function killedAt(step: number): Ledger['transaction'] {
  return (work) =>
    ledger.transaction((tx) => {
      let left = step;
      const counted =
        <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
        async (...args: Args): Promise<T> => {
          left -= 1;
          if (left === 0) throw new Error('killed');
          return call(...args);
        };
      const dying = {
        all: counted(tx.all.bind(tx)),
        get: counted(tx.get.bind(tx)),
        run: counted(tx.run.bind(tx)),
      };
      return work(dying as Sql);
    });
}

describe('a later start', () => {
  test('changes nothing and tells no password', async () => {
    const first = await ensureBootstrap({ ledger, bootstrapApiKey: key, now });
    await first.acknowledge();
    const later = await ensureBootstrap({ ledger, bootstrapApiKey: key, now });
    expect(later).toMatchObject({ admin: null, warnings: [], workspaceId: first.workspaceId });
    expect(await counts()).toEqual([1, 1, 1, 1, 1]);
  });

  test('tells a new password when the first was killed before it could show its own', async () => {
    const first = await ensureBootstrap({ ledger, now });
    const later = await ensureBootstrap({ ledger, now });
    expect(later.admin?.password).not.toBe(first.admin?.password);
    const { signIn } = await open();
    await signIn.signIn({ username: 'admin', password: later.admin?.password ?? '', address: '::1' });
    // Whoever signs in knows the password.
    expect((await ensureBootstrap({ ledger, now })).admin).toBeNull();
  });

  test('ignores another bootstrap key, and says so without repeating it', async () => {
    await ensureBootstrap({ ledger, bootstrapApiKey: key, now });
    const { warnings } = await ensureBootstrap({ ledger, bootstrapApiKey: `${key}-other`, now });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('BUDAO_BOOTSTRAP_API_KEY is ignored');
    expect(warnings[0]).not.toContain(key);
    await expect((await open()).authenticate({ authorization: `Bearer ${key}-other` })).rejects.toMatchObject(
      {
        code: 'invalid_api_key',
      },
    );
  });
});
