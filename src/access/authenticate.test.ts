import { hkdfSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal, Role } from './principal.ts';
import { requireRole } from './principal.ts';
import { BOOTSTRAP_KEY, openTestAccess, type TestAccess } from './testing.ts';

let it: TestAccess;
let owner: Principal;
beforeEach(async () => {
  it = await openTestAccess();
  owner = await it.access.authenticate(bearer(BOOTSTRAP_KEY));
});
afterEach(async () => it[Symbol.asyncDispose]());

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
const signIn = () =>
  it.access.signIn.signIn({ username: 'admin', password: it.adminPassword, address: '10.0.0.1' });

async function refusal(headers: Record<string, string | string[]>) {
  const error = (await it.access.authenticate(headers).catch((thrown: unknown) => thrown)) as Error & {
    code: string;
  };
  return { code: error.code, text: `${error.message} ${error.stack} ${JSON.stringify(error)}` };
}

describe('a request without a usable credential', () => {
  test.each([
    {},
    { authorization: '' },
    { authorization: 'Basic YTpi' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer a b' },
  ])('is told how to send one: %j', async (headers) => {
    expect((await refusal(headers)).code).toBe('missing_credentials');
  });
});

describe('an API key', () => {
  test('acts in its workspace with its role, from the moment it is made until it is revoked', async () => {
    const { key, secret } = await it.access.keys.create(owner, {
      name: 'bot',
      role: 'reader',
      expiresInDays: null,
    });
    expect(secret).toMatch(/^bdk_[\w-]{43}$/);
    expect(await it.access.authenticate(bearer(secret))).toEqual({
      accountId: null,
      keyId: key.id,
      workspaceId: it.workspaceId,
      role: 'reader',
      isOperator: false,
      kind: 'key',
    });
    await it.access.keys.revoke(it.workspaceId, key.id);
    expect((await refusal(bearer(secret))).code).toBe('revoked_api_key');
  });

  test('is stored as a hash only', async () => {
    const { secret } = await it.access.keys.create(owner, {
      name: 'bot',
      role: 'reader',
      expiresInDays: null,
    });
    const rows = await it.ledger.read.all('SELECT * FROM api_key');
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(rows)).not.toContain(secret.slice(0, 12));
  });

  test('ends on its day', async () => {
    const { secret } = await it.access.keys.create(owner, { name: 'bot', role: 'reader', expiresInDays: 2 });
    it.clock.now += 2 * 86_400_000 - 1;
    await it.access.authenticate(bearer(secret));
    it.clock.now += 1;
    expect((await refusal(bearer(secret))).code).toBe('expired_api_key');
  });

  test.each([
    ['of one letter more', `${BOOTSTRAP_KEY}x`],
    ['that nobody made', 'sk-1234567890abcdef'],
  ])('%s is refused, and not repeated in the message', async (_, credential) => {
    const { code, text } = await refusal(bearer(credential));
    expect(code).toBe('invalid_api_key');
    expect(text).not.toContain(credential);
  });

  test('cannot reach another workspace by its header', async () => {
    const other = await it.access.workspaces.create(owner, 'Other');
    expect((await refusal({ ...bearer(BOOTSTRAP_KEY), 'x-budao-workspace': other.workspaceId })).code).toBe(
      'workspace_forbidden',
    );
    await it.access.authenticate({ ...bearer(BOOTSTRAP_KEY), 'x-budao-workspace': it.workspaceId });
  });

  test('never does what its maker may not: demoted, disabled, removed', async () => {
    const { person } = await it.access.people.add(owner, {
      username: 'li',
      displayName: 'Li',
      role: 'owner',
      password: null,
    });
    const maker: Principal = { ...owner, accountId: person.id };
    const { secret } = await it.access.keys.create(maker, {
      name: 'bot',
      role: 'owner',
      expiresInDays: null,
    });
    await it.access.people.update(owner, person.id, { role: 'reader' });
    expect(await it.access.authenticate(bearer(secret))).toMatchObject({ role: 'reader' });
    await it.access.people.update(owner, person.id, { disabled: true });
    expect((await refusal(bearer(secret))).code).toBe('revoked_api_key');
    await it.access.people.update(owner, person.id, { disabled: false });
    await it.access.people.remove(owner, person.id);
    expect((await refusal(bearer(secret))).code).toBe('revoked_api_key');
  });
});

describe('an access token', () => {
  test('acts for its account in the first workspace, or in the one that is named', async () => {
    const { accessToken } = await signIn();
    const principal = await it.access.authenticate(bearer(accessToken));
    expect(principal).toMatchObject({
      kind: 'session',
      keyId: null,
      role: 'owner',
      workspaceId: it.workspaceId,
    });
    it.clock.now += 5;
    const other = await it.access.workspaces.create(principal, 'Other');
    expect(await it.access.authenticate(bearer(accessToken))).toMatchObject({ workspaceId: it.workspaceId });
    const named = await it.access.authenticate({
      ...bearer(accessToken),
      'x-budao-workspace': other.workspaceId,
    });
    expect(named.workspaceId).toBe(other.workspaceId);
  });

  test('is refused in a workspace of others', async () => {
    const { person } = await it.access.people.add(owner, {
      username: 'li',
      displayName: 'Li',
      role: 'owner',
      password: null,
    });
    const stranger = await it.access.workspaces.create(
      { ...owner, accountId: person.id, kind: 'session' },
      'Private',
    );
    const { accessToken } = await signIn();
    const { code } = await refusal({ ...bearer(accessToken), 'x-budao-workspace': stranger.workspaceId });
    expect(code).toBe('workspace_forbidden');
  });

  test('lasts a quarter of an hour', async () => {
    const { accessToken } = await signIn();
    it.clock.now += 15 * 60_000 - 1_000;
    await it.access.authenticate(bearer(accessToken));
    it.clock.now += 1_000;
    expect((await refusal(bearer(accessToken))).code).toBe('expired_token');
  });

  test('ends with its session, also when it was used before', async () => {
    const { accessToken, refreshToken } = await signIn();
    await it.access.authenticate(bearer(accessToken));
    await it.access.signIn.signOut(refreshToken);
    expect((await refusal(bearer(accessToken))).code).toBe('invalid_token');
  });

  test('ends when the account is disabled', async () => {
    const { person, generatedPassword } = await it.access.people.add(owner, {
      username: 'li',
      displayName: 'Li',
      role: 'editor',
      password: null,
    });
    const { accessToken } = await it.access.signIn.signIn({
      username: 'li',
      password: generatedPassword ?? '',
      address: '::1',
    });
    await it.access.people.update(owner, person.id, { disabled: true });
    expect((await refusal(bearer(accessToken))).code).toBe('invalid_token');
  });

  test.each(['tampered', 'of another secret', 'unsigned', 'of another issuer'])(
    '%s is refused, and not repeated',
    async (kind) => {
      const { accessToken } = await signIn();
      const [head = '', body = '', signature = ''] = accessToken.split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
      const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const rightKey = new Uint8Array(
        hkdfSync('sha256', new Uint8Array(32).fill(7), '', 'budao access token', 32),
      );
      const forged: Record<string, string> = {
        tampered: `${head}.${encode({ ...claims, sub: 'user_other' })}.${signature}`,
        'of another secret': await new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new Uint8Array(32)),
        unsigned: `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
        'of another issuer': await new SignJWT({ ...claims, iss: 'x' })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(rightKey),
      };
      const { code, text } = await refusal(bearer(forged[kind] ?? ''));
      expect(code).toBe('invalid_token');
      expect(text).not.toContain(body);
    },
  );
});

test.each<[Role, Role]>([
  ['reader', 'reader'],
  ['editor', 'reader'],
  ['editor', 'editor'],
  ['owner', 'editor'],
  ['owner', 'owner'],
])('a %s may do what needs a %s', (role, minimum) => {
  expect(() => requireRole({ role, kind: 'session' }, minimum)).not.toThrow();
});

test.each<[Role, Role]>([
  ['reader', 'editor'],
  ['reader', 'owner'],
  ['editor', 'owner'],
])('a %s may not do what needs an %s', (role, minimum) => {
  const refused = expect.objectContaining({ code: 'insufficient_role', kind: 'forbidden' });
  expect(() => requireRole({ role, kind: 'session' }, minimum)).toThrowError(refused);
});
