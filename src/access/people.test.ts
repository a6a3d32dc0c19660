import { expect, test } from 'vitest';
import type { Principal } from './principal.ts';
import { openTestAccess } from './testing.ts';

test('owners who take each other out at the same time leave one behind', async () => {
  await using it = await openTestAccess();
  const { people } = it.access;
  const { workspaceId } = it;
  const actor: Principal = { accountId: null, keyId: 'key', workspaceId, role: 'owner', kind: 'key' };
  const person = { displayName: 'Second', role: 'owner', password: null } as const;
  await people.add(actor, { ...person, username: 'second' });
  await people.add(actor, { ...person, username: 'third' });
  const owners = await people.list(workspaceId);
  const outcomes = await Promise.allSettled(owners.map((owner) => people.remove(actor, owner.id)));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toMatchObject([{ reason: { code: 'last_owner' } }]);
  expect(await people.list(workspaceId)).toHaveLength(1);
});
