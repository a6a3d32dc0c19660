import { expect, test } from 'vitest';
import { scopeSql } from '../ledger/scope.ts';
import { insertKey } from './keys.ts';
import { openTestAccess } from './testing.ts';

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
