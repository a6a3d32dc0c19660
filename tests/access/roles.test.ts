import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAtLeast, ROLES, type Role } from '../../src/access/principal.ts';
import { Service } from '../support/service.ts';
import { addPerson, caller } from './furnished-workspace.ts';
import { ownPath, send } from './intruder.ts';
import { ROUTES } from './route-table.ts';
import { expireKey } from './tenant-rows.ts';

let service: Service;
/** By role: a key, and a session of a person. */
const credentials = {} as Record<Role, string[]>;
/** Keys and a session of operators; the person is a mere reader. */
let operators: string[];
let dead: Record<string, string>;

beforeAll(async () => {
  service = await Service.start();
  const call = caller(service, service.apiKey);
  const makeKey = (role: Role) =>
    call<{ id: string; key: string }>('POST', '/ops/keys', { name: `a key to ${role}`, role });
  for (const role of ROLES) {
    const person = await addPerson(service, { credential: service.apiKey }, `a-${role}`, role);
    credentials[role] = [(await makeKey(role)).key, person.session];
  }
  const operator = await addPerson(service, { credential: service.apiKey }, 'an-operator', 'reader');
  await call('PATCH', `/ops/users/${operator.id}`, { operator: true });
  const key = await call<{ key: string }>('POST', '/ops/keys', { name: 'x', role: 'reader', operator: true });
  operators = [operator.session, key.key, service.apiKey];
  const [expired, revoked] = [await makeKey('owner'), await makeKey('owner')];
  expireKey(service.dataDir, expired.id);
  await call('DELETE', `/ops/keys/${revoked.id}`);
  const gone = await addPerson(service, { credential: service.apiKey }, 'gone', 'owner');
  await call('DELETE', `/ops/users/${gone.id}`);
  dead = {
    expired_api_key: expired.key,
    revoked_api_key: revoked.key,
    invalid_api_key: 'bdk_never-made-by-anybody-0000',
    'of a removed person': gone.session,
    'keys of a removed person': gone.key,
  };
}, 120_000);
afterAll(async () => service?.[Symbol.asyncDispose]());

const guarded = ROUTES.flatMap(({ role, ...route }) => (role === 'public' ? [] : [{ ...route, role }]));

describe.each(guarded)('$route', (route) => {
  const path = ownPath(route, {});
  // An empty body is refused by whoever takes bodies, after the guard has let it in.
  const body = /^(POST|PATCH)/.test(path) ? {} : undefined;

  test.each(ROLES)(`asks for the role ${route.role} when called by a %s`, async (role) => {
    for (const credential of credentials[role]) {
      const reply = await send(service, credential, path, { body });
      if (isAtLeast(role, route.role) && route.operator === true) {
        expect(reply.status, `${reply.asked}: ${reply.text}`).toBe(403);
        expect(reply.text).toContain('operator_required');
      } else if (isAtLeast(role, route.role)) {
        expect(reply.text, reply.asked).not.toContain('insufficient_role');
        expect(reply.status, `${reply.asked}: ${reply.text}`).not.toBe(401);
        expect(reply.status, `${reply.asked}: ${reply.text}`).toBeLessThan(500);
      } else {
        expect(reply.status, `${reply.asked}: ${reply.text}`).toBe(403);
        expect(reply.text).toContain('insufficient_role');
      }
    }
  });

  test.runIf(route.operator)('opens for an operator, whatever the role in the workspace', async () => {
    for (const credential of operators) {
      const reply = await send(service, credential, path, { body });
      expect([401, 403], `${reply.asked}: ${reply.text}`).not.toContain(reply.status);
      expect(reply.status, `${reply.asked}: ${reply.text}`).toBeLessThan(500);
    }
  });

  test('is closed to those without credentials, and to credentials that have ended', async () => {
    expect((await send(service, null, path, { body })).status).toBe(401);
    for (const [name, credential] of Object.entries(dead)) {
      const reply = await send(service, credential, path, { body });
      expect(reply.status, `${reply.asked} with ${name}: ${reply.text}`).toBe(401);
      if (name.endsWith('_api_key')) expect(reply.text).toContain(name);
    }
  });
});
