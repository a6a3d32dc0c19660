import { expect, test } from 'vitest';
import type { Principal } from './principal.ts';
import { openTestAccess } from './testing.ts';

/** An owner's key that may also change what all workspaces share. */
function operatorOf(workspaceId: string): Principal {
  return { accountId: null, keyId: 'key', workspaceId, role: 'owner', isOperator: true, kind: 'key' };
}

test('owners who take each other out at the same time leave one behind', async () => {
  await using it = await openTestAccess();
  const { people } = it.access;
  const { workspaceId } = it;
  const actor = operatorOf(workspaceId);
  const person = { displayName: 'Second', role: 'owner', password: null } as const;
  await people.add(actor, { ...person, username: 'second' });
  await people.add(actor, { ...person, username: 'third' });
  const owners = await people.list(workspaceId);
  for (const { id } of owners) await people.update(actor, id, { operator: true });
  const outcomes = await Promise.allSettled(owners.map((owner) => people.remove(actor, owner.id)));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toMatchObject([{ reason: { code: 'last_owner' } }]);
  expect(await people.list(workspaceId)).toHaveLength(1);
});

test('who is no operator makes none, and does not take over the account of one', async () => {
  await using it = await openTestAccess();
  const { people, keys } = it.access;
  const { workspaceId } = it;
  const operator = operatorOf(workspaceId);
  const owner = { ...operator, isOperator: false };
  const [admin] = await people.list(workspaceId);
  expect(admin?.isOperator).toBe(true);
  const id = admin?.id ?? '';
  const colleague = { displayName: 'Second', role: 'owner', password: null } as const;
  const { person } = await people.add(owner, { ...colleague, username: 'second' });
  expect(person.isOperator).toBe(false);

  const key = { name: 'x', role: 'owner', expiresInDays: null, isOperator: true } as const;
  await expect(keys.create(owner, key)).rejects.toMatchObject({ code: 'operator_required' });
  await expect(people.update(owner, person.id, { operator: true })).rejects.toMatchObject({
    code: 'operator_required',
  });
  for (const change of [{ password: null }, { disabled: true }, { username: 'mine' }]) {
    await expect(people.update(owner, id, change)).rejects.toMatchObject({ code: 'operator_account' });
  }
  await expect(people.remove(owner, id)).rejects.toMatchObject({ code: 'operator_account' });

  expect((await people.update(operator, person.id, { operator: true })).person.isOperator).toBe(true);
  expect((await people.update(operator, id, { operator: false })).person.isOperator).toBe(false);
});

test('the last operator stays one: somebody has to answer for what all workspaces share', async () => {
  await using it = await openTestAccess();
  const { people } = it.access;
  const { workspaceId } = it;
  const actor = operatorOf(workspaceId);
  const id = (await people.list(workspaceId))[0]?.id ?? '';
  const colleague = { username: 'second', displayName: 'Second', role: 'owner', password: null } as const;
  const { person } = await people.add(actor, colleague);
  await people.add(actor, { ...colleague, username: 'third' });
  const letGo = [
    () => people.update(actor, id, { operator: false }),
    () => people.update(actor, id, { disabled: true }),
    () => people.remove(actor, id),
  ];
  for (const attempt of letGo) await expect(attempt()).rejects.toMatchObject({ code: 'last_operator' });
  await people.update(actor, person.id, { operator: true });
  await people.update(actor, person.id, { disabled: true });
  for (const attempt of letGo) await expect(attempt()).rejects.toMatchObject({ code: 'last_operator' });
  await people.update(actor, person.id, { disabled: false });
  await people.remove(actor, id);
  expect((await people.list(workspaceId)).filter((one) => one.isOperator)).toMatchObject([{ id: person.id }]);
});

test('operators who let each other go at the same time leave one behind', async () => {
  await using it = await openTestAccess();
  const { people } = it.access;
  const { workspaceId } = it;
  const actor = operatorOf(workspaceId);
  const colleague = { username: 'second', displayName: 'Second', role: 'owner', password: null } as const;
  const { person } = await people.add(actor, colleague);
  await people.update(actor, person.id, { operator: true });
  const both = await people.list(workspaceId);
  const outcomes = await Promise.allSettled(
    both.map(({ id }) => people.update(actor, id, { operator: false })),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toMatchObject([{ reason: { code: 'last_operator' } }]);
});
