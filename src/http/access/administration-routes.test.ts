import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOOTSTRAP_KEY } from '../../access/testing.ts';
import { type Method, openTestServer, type TestServer } from './testing.ts';

let server: TestServer;
/** A session of `admin`, the only owner of the first workspace. */
let admin: string;
beforeEach(async () => {
  server = await openTestServer();
  admin = await tokenOf('admin', server.adminPassword);
});
afterEach(async () => server[Symbol.asyncDispose]());

async function tokenOf(username: string, password: string): Promise<string> {
  const reply = await server.send(null, 'POST', '/auth/sign-in', { username, password });
  return String(reply.body.access_token);
}

async function addPerson(credential: string, username: string, role: string, workspace?: string) {
  const headers: Record<string, string> = workspace === undefined ? {} : { 'x-budao-workspace': workspace };
  const { body } = await server.send(credential, 'POST', '/ops/users', { username, role }, headers);
  return { id: String(body.id), token: await tokenOf(username, String(body.password)), body };
}

/** A workspace with one owner who belongs to nothing else. */
async function makeElsewhere() {
  const made = await server.send(admin, 'POST', '/ops/workspaces', { name: 'Elsewhere' });
  const workspace = String(made.body.id);
  const boss = await addPerson(admin, 'boss', 'owner', workspace);
  const adminId = String(((await server.send(admin, 'GET', '/auth/me')).body.account as { id: string }).id);
  await server.send(boss.token, 'DELETE', `/ops/users/${adminId}`);
  return { workspace, boss };
}

const ROUTES: [Method, string, object | undefined][] = [
  ['GET', '/ops/users', undefined],
  ['POST', '/ops/users', { username: 'new', role: 'reader' }],
  ['PATCH', '/ops/users/ID', { role: 'owner' }],
  ['DELETE', '/ops/users/ID', undefined],
  ['GET', '/ops/keys', undefined],
  ['POST', '/ops/keys', { name: 'k', role: 'owner' }],
  ['DELETE', '/ops/keys/ID', undefined],
  ['GET', '/ops/workspaces', undefined],
  ['POST', '/ops/workspaces', { name: 'mine' }],
  ['PATCH', '/ops/workspaces/ID', { name: 'mine' }],
];

describe.each(ROUTES)('%s %s', (method, url, payload) => {
  test.each(['reader', 'editor'])('is closed to a %s, by session and by key', async (role) => {
    const { token, id } = await addPerson(admin, `a-${role}`, role);
    const { body: key } = await server.send(admin, 'POST', '/ops/keys', { name: 'k', role });
    for (const credential of [token, String(key.key)]) {
      const reply = await server.send(credential, method, url.replace('ID', id), payload);
      expect(reply.body.code).toBe('insufficient_role');
    }
  });

  test('is closed to strangers', async () => {
    expect((await server.send(null, method, url, payload)).body.code).toBe('missing_credentials');
    expect((await server.send('bdk_made-up-key-000', method, url, payload)).body.code).toBe(
      'invalid_api_key',
    );
  });

  test('is closed to owners of other workspaces', async () => {
    const { workspace } = await makeElsewhere();
    const headers = { 'x-budao-workspace': workspace };
    for (const credential of [admin, BOOTSTRAP_KEY]) {
      const reply = await server.send(credential, method, url, payload, headers);
      expect(reply.body.code).toBe('workspace_forbidden');
    }
  });
});

describe('people of other workspaces', () => {
  test('are not listed, changed or removed', async () => {
    const { boss } = await makeElsewhere();
    const list = await server.send(admin, 'GET', '/ops/users');
    expect(list.body.data?.map((person) => person.username)).toEqual(['admin']);
    for (const credential of [admin, BOOTSTRAP_KEY]) {
      expect(
        (await server.send(credential, 'PATCH', `/ops/users/${boss.id}`, { role: 'reader' })).body.code,
      ).toBe('user_not_found');
      expect(
        (await server.send(credential, 'PATCH', `/ops/users/${boss.id}`, { reset_password: true })).body.code,
      ).toBe('user_not_found');
      expect((await server.send(credential, 'DELETE', `/ops/users/${boss.id}`)).body.code).toBe(
        'user_not_found',
      );
      expect(
        (await server.send(credential, 'POST', '/ops/users', { username: 'boss', role: 'reader' })).body.code,
      ).toBe('username_taken');
    }
    expect((await server.send(boss.token, 'GET', '/auth/me')).body.role).toBe('owner');
  });

  test('who also work here keep their password and account to themselves', async () => {
    const other = String((await server.send(admin, 'POST', '/ops/workspaces', { name: 'Other' })).body.id);
    const li = await addPerson(admin, 'li', 'editor');
    const coOwner = await addPerson(admin, 'co-owner', 'owner');
    await server.send(
      admin,
      'POST',
      '/ops/users',
      { username: 'li', role: 'reader' },
      { 'x-budao-workspace': other },
    );
    for (const change of [
      { reset_password: true },
      { password: 'taken over 123' },
      { disabled: true },
      { username: 'x' },
      { display_name: 'X' },
    ]) {
      expect((await server.send(coOwner.token, 'PATCH', `/ops/users/${li.id}`, change)).body.code).toBe(
        'account_shared',
      );
      expect((await server.send(BOOTSTRAP_KEY, 'PATCH', `/ops/users/${li.id}`, change)).body.code).toBe(
        'account_shared',
      );
    }
    expect(
      (await server.send(coOwner.token, 'PATCH', `/ops/users/${li.id}`, { role: 'reader' })).status,
    ).toBe(200);
    expect((await server.send(admin, 'PATCH', `/ops/users/${li.id}`, { display_name: 'Li' })).status).toBe(
      200,
    );
    expect((await server.send(coOwner.token, 'DELETE', `/ops/users/${li.id}`)).status).toBe(200);
    expect((await server.send(li.token, 'GET', '/auth/me')).body.workspace).toMatchObject({ id: other });
  });
});

describe('people', () => {
  test('get a generated password once, which they must change', async () => {
    const { body } = await server.send(admin, 'POST', '/ops/users', { username: '李 明', role: 'editor' });
    expect(body.code).toBe('invalid_username');
    const made = await server.send(admin, 'POST', '/ops/users', {
      username: '李明',
      display_name: '李明',
      role: 'editor',
    });
    expect(made).toMatchObject({
      status: 201,
      body: { username: '李明', role: 'editor', must_change_password: true },
    });
    const again = await server.send(admin, 'GET', '/ops/users');
    expect(JSON.stringify(again.body)).not.toContain(String(made.body.password));
    expect(JSON.stringify(again.body)).not.toContain('argon2');
    await expect(tokenOf('李明', String(made.body.password))).resolves.toMatch(/^eyJ/);
  });

  test('whose password an owner resets are signed out everywhere', async () => {
    const li = await addPerson(admin, 'li', 'reader');
    const reset = await server.send(admin, 'PATCH', `/ops/users/${li.id}`, { reset_password: true });
    expect((await server.send(li.token, 'GET', '/auth/me')).body.code).toBe('invalid_token');
    await expect(tokenOf('li', String(reset.body.password))).resolves.toMatch(/^eyJ/);
  });

  test('who are removed leave nothing that opens a door', async () => {
    const li = await addPerson(admin, 'li', 'owner');
    const key = String(
      (await server.send(li.token, 'POST', '/ops/keys', { name: 'k', role: 'owner' })).body.key,
    );
    await server.send(admin, 'DELETE', `/ops/users/${li.id}`);
    expect((await server.send(li.token, 'GET', '/auth/me')).body.code).toBe('invalid_token');
    expect((await server.send(key, 'GET', '/auth/me')).body.code).toBe('revoked_api_key');
    expect(
      (
        await server.send(null, 'POST', '/auth/sign-in', {
          username: 'li',
          password: String(li.body.password),
        })
      ).body.code,
    ).toBe('invalid_credentials');
  });

  test('always keep an owner who can sign in', async () => {
    const adminId = String(((await server.send(admin, 'GET', '/auth/me')).body.account as { id: string }).id);
    const url = `/ops/users/${adminId}`;
    for (const credential of [admin, BOOTSTRAP_KEY]) {
      expect((await server.send(credential, 'PATCH', url, { role: 'editor' })).body.code).toBe('last_owner');
      expect((await server.send(credential, 'DELETE', url)).body.code).toBe('last_owner');
    }
    expect((await server.send(BOOTSTRAP_KEY, 'PATCH', url, { disabled: true })).body.code).toBe('last_owner');
    const second = await addPerson(admin, 'second', 'owner');
    await server.send(admin, 'PATCH', `/ops/users/${second.id}`, { disabled: true });
    expect((await server.send(admin, 'PATCH', url, { role: 'editor' })).body.code).toBe('last_owner');
    await server.send(admin, 'PATCH', `/ops/users/${second.id}`, { disabled: false });
    expect((await server.send(admin, 'PATCH', url, { role: 'editor' })).status).toBe(200);
    expect((await server.send(admin, 'GET', '/ops/users')).body.code).toBe('insufficient_role');
  });

  test('two owners who demote each other at once leave one', async () => {
    const second = await addPerson(admin, 'second', 'owner');
    const adminId = String(((await server.send(admin, 'GET', '/auth/me')).body.account as { id: string }).id);
    const replies = await Promise.all([
      server.send(admin, 'PATCH', `/ops/users/${second.id}`, { role: 'reader' }),
      server.send(second.token, 'PATCH', `/ops/users/${adminId}`, { role: 'reader' }),
    ]);
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
  });
});

describe('keys', () => {
  test('are shown once, listed without the secret, and can be revoked only in their workspace', async () => {
    const made = await server.send(admin, 'POST', '/ops/keys', {
      name: 'bot',
      role: 'editor',
      expires_in_days: 30,
    });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'bot', role: 'editor', expires_at: expect.any(Number) },
    });
    const list = await server.send(admin, 'GET', '/ops/keys');
    expect(list.body.data).toHaveLength(2);
    expect(JSON.stringify(list.body)).not.toContain(String(made.body.key));
    const { boss } = await makeElsewhere();
    expect((await server.send(boss.token, 'GET', '/ops/keys')).body.data).toEqual([]);
    expect((await server.send(boss.token, 'DELETE', `/ops/keys/${made.body.id}`)).body.code).toBe(
      'key_not_found',
    );
    expect((await server.send(admin, 'DELETE', `/ops/keys/${made.body.id}`)).status).toBe(200);
    expect((await server.send(String(made.body.key), 'GET', '/auth/me')).body.code).toBe('revoked_api_key');
  });

  test.each([
    [{ name: '', role: 'reader' }],
    [{ name: 'k', role: 'admin' }],
    [{ name: 'k', role: 'reader', expires_in_days: 0 }],
    [{ name: 'k', role: 'reader', key: 'mine' }],
  ])('are refused when asked for as %j', async (payload) => {
    expect((await server.send(admin, 'POST', '/ops/keys', payload)).body.code).toBe('invalid_request');
  });
});

describe('workspaces', () => {
  test('are renamed only by their owners', async () => {
    const { workspace, boss } = await makeElsewhere();
    for (const credential of [admin, BOOTSTRAP_KEY]) {
      expect(
        (await server.send(credential, 'PATCH', `/ops/workspaces/${workspace}`, { name: 'Mine' })).body.code,
      ).toBe('workspace_not_found');
    }
    expect(
      (await server.send(boss.token, 'PATCH', `/ops/workspaces/${workspace}`, { name: '药房' })).body,
    ).toMatchObject({ name: '药房' });
    expect((await server.send(admin, 'GET', '/ops/workspaces')).body.data?.map((one) => one.id)).toEqual([
      server.workspaceId,
    ]);
  });

  test('have limits that their owners set, each by itself, and set back', async () => {
    const path = `/ops/workspaces/${server.workspaceId}`;
    const set = async (limits: object) => (await server.send(admin, 'PATCH', path, { limits })).body;
    expect(await set({ queued_answers: 7, uploads: 2 })).toMatchObject({
      limits: { queued_answers: 7, uploads: 2, running_ingests: 16 },
    });
    expect(await set({ queued_answers: null })).toMatchObject({
      limits: { queued_answers: 500, uploads: 2 },
    });
    for (const wrong of [{ uploads: 0 }, { uploads: 1.5 }, { tokens: 5 }, { uploads: 'many' }]) {
      expect((await set(wrong)).code, JSON.stringify(wrong)).toBe('invalid_request');
    }
    const change = { allowed_modes: ['extractive'], limits: { uploads: 3 } };
    expect((await server.send(admin, 'PATCH', path, change)).body).toMatchObject({
      ...change,
      limits: { uploads: 3 },
    });
    expect(
      (await server.send(admin, 'PATCH', path, { name: 'Same', allowed_modes: null })).body,
    ).toMatchObject({
      limits: { uploads: 3 },
    });
  });

  test('in which one only reads are not renamed', async () => {
    const { workspace, boss } = await makeElsewhere();
    await server.send(boss.token, 'POST', '/ops/users', { username: 'li', role: 'reader' });
    const mine = String((await server.send(boss.token, 'POST', '/ops/workspaces', { name: 'Mine' })).body.id);
    await server.send(
      boss.token,
      'POST',
      '/ops/users',
      { username: 'li', role: 'owner' },
      { 'x-budao-workspace': mine },
    );
    const li = await server.send(boss.token, 'PATCH', '/ops/users/none', { reset_password: true });
    expect(li.body.code).toBe('user_not_found');
    const people = (await server.send(boss.token, 'GET', '/ops/users')).body.data ?? [];
    const id = people.find((person) => person.username === 'li')?.id;
    const reset = await server.send(boss.token, 'PATCH', `/ops/users/${id}`, { reset_password: true });
    const token = await tokenOf('li', String(reset.body.password));
    const headers = { 'x-budao-workspace': mine };
    expect(
      (await server.send(token, 'PATCH', `/ops/workspaces/${workspace}`, { name: 'x' }, headers)).body.code,
    ).toBe('insufficient_role');
    expect(
      (await server.send(token, 'PATCH', `/ops/workspaces/${mine}`, { name: 'x' }, headers)).status,
    ).toBe(200);
  });

  test('made by a key without an account belong to the owners of its workspace', async () => {
    const made = await server.send(BOOTSTRAP_KEY, 'POST', '/ops/workspaces', { name: 'New' });
    expect(made.status).toBe(201);
    expect((await server.send(admin, 'GET', '/ops/workspaces')).body.data?.map((one) => one.id)).toContain(
      made.body.id,
    );
    const headers = { 'x-budao-workspace': String(made.body.id) };
    expect((await server.send(admin, 'GET', '/ops/users', undefined, headers)).status).toBe(200);
    // The key itself stays in its own workspace.
    expect((await server.send(BOOTSTRAP_KEY, 'GET', '/ops/users', undefined, headers)).body.code).toBe(
      'workspace_forbidden',
    );
  });
});
