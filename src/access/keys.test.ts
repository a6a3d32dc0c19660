import { expect, test } from 'vitest';
import { scopeSql } from '../ledger/scope.ts';
import { insertKey } from './keys.ts';
import { BOOTSTRAP_KEY, openTestAccess } from './testing.ts';

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

test('a key in force is listed, to be revoked, however many were revoked after it was made', async () => {
  await using it = await openTestAccess();
  const { ledger, workspaceId, access } = it;
  await ledger.transaction(async (tx) => {
    const own = scopeSql(tx, workspaceId);
    const key = { role: 'reader', accountId: null, expiresAt: null, now: it.now() } as const;
    await insertKey(own, { ...key, name: 'forgotten', secret: 'forgotten', now: 1 });
    for (let count = 0; count < 1_000; count++)
      await insertKey(own, { ...key, name: 'old', secret: `old ${count}` });
    await tx.run(`UPDATE api_key SET revoked_at = 2 WHERE name = 'old'`);
  });
  const listed = await access.keys.list(workspaceId);
  expect(listed.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name)).toEqual([
    'Bootstrap',
    'forgotten',
  ]);
  expect(listed).toHaveLength(1_000);
});

test('a key makes none that outlives it, and none that may do more', async () => {
  await using it = await openTestAccess();
  const { keys, authenticate } = it.access;
  const bootstrap = await authenticate(bearer(BOOTSTRAP_KEY));
  const wanted = { name: 'bot', role: 'owner' } as const;
  const made = await keys.create(bootstrap, { ...wanted, expiresInDays: 10 });
  const maker = await authenticate(bearer(made.secret));
  it.clock.now += 86_400_000;
  for (const expiresInDays of [null, 10]) {
    await expect(keys.create(maker, { ...wanted, expiresInDays })).rejects.toMatchObject({
      code: 'key_exceeds_maker',
      param: 'expires_in_days',
      message: expect.stringContaining(new Date(made.key.expiresAt ?? 0).toISOString()),
    });
  }
  const { key } = await keys.create(maker, { ...wanted, expiresInDays: 9 });
  expect(key.expiresAt).toBe(made.key.expiresAt);
  await expect(
    keys.create({ ...maker, role: 'editor' }, { ...wanted, expiresInDays: 1 }),
  ).rejects.toMatchObject({ code: 'key_exceeds_maker', param: 'role' });
});

test('with a key that is revoked go those that were made with it, and it makes no more', async () => {
  await using it = await openTestAccess();
  const { keys, authenticate } = it.access;
  const wanted = { name: 'bot', role: 'owner', expiresInDays: null } as const;
  const bootstrap = await authenticate(bearer(BOOTSTRAP_KEY));
  const leaked = await keys.create(bootstrap, wanted);
  const maker = await authenticate(bearer(leaked.secret));
  const child = await keys.create(maker, wanted);
  const grandchild = await keys.create(await authenticate(bearer(child.secret)), wanted);
  await keys.revoke(it.workspaceId, leaked.key.id);
  for (const { secret } of [leaked, child, grandchild])
    await expect(authenticate(bearer(secret))).rejects.toMatchObject({ code: 'revoked_api_key' });
  expect(await authenticate(bearer(BOOTSTRAP_KEY))).toEqual(bootstrap);
  // A request that was let in just before.
  await expect(keys.create(maker, wanted)).rejects.toMatchObject({ code: 'revoked_api_key' });
});
