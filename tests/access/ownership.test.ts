import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { addPerson, caller, type FurnishedWorkspace, furnish, type Person } from './furnished-workspace.ts';
import { foreignPaths, ownPath, type Reply, send } from './intruder.ts';
import { ROUTES } from './route-table.ts';
import { tenantRows } from './tenant-rows.ts';

/** What people ask is theirs, whatever the role of those who work beside them. */
const PRIVATE = ROUTES.filter(({ route }) => /^\w+ \/v1\/(responses|conversations)/.test(route));

let upstream: Upstream;
let service: Service;
let ann: FurnishedWorkspace;
let colleague: Person;

beforeAll(async () => {
  upstream = await startUpstream({ tokens: 100_000, tokensPerSecond: 2 });
  service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'slow' },
  });
  const person = await addPerson(service, { credential: service.apiKey }, 'ann', 'owner');
  const me = await caller(service, person.session)<{ workspace: { id: string } }>('GET', '/auth/me');
  ann = await furnish(service, person, me.workspace.id, 'alphasecret');
  colleague = await addPerson(service, { credential: service.apiKey }, 'cleo', 'owner');
}, 120_000);
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

describe.each(PRIVATE.map((route) => ({ name: route.route, route })))('$name', ({ route }) => {
  test('is closed to a colleague, owner though they are', async () => {
    const before = tenantRows(service.dataDir, ann.ids.workspace);
    for (const credential of [colleague.key, colleague.session]) {
      for (const path of foreignPaths(route, ann.ids, ann.ids)) {
        expectRefused(await send(service, credential, path, { body: route.body }));
      }
      for (const attempt of route.refused?.(ann.ids, ann.ids) ?? []) {
        expectRefused(await send(service, credential, ownPath(route, ann.ids), attempt));
      }
    }
    expect(tenantRows(service.dataDir, ann.ids.workspace)).toEqual(before);
  });
});

test('lists of conversations hold none of a colleague, nor does a search in them', async () => {
  for (const route of ['GET /v1/conversations', 'GET /v1/conversations?query=alphasecret']) {
    const reply = await send(service, colleague.key, route);
    expect(JSON.parse(reply.text)).toMatchObject({ data: [] });
  }
  expect((await send(service, ann.owner.key, 'GET /v1/conversations?query=alphasecret')).text).toContain(
    ann.ids.conversation,
  );
});

test('those who run the place see that an answer exists, not what was asked or said', async () => {
  for (const id of [ann.ids.response, ann.ids.running]) {
    const run = await send(service, colleague.key, `GET /ops/runs/${id}`);
    expect(run.status).toBe(200);
    expect(run.text).not.toContain(ann.secret);
    expect((await send(service, colleague.key, `GET /ops/runs/${id}/events`)).status).toBe(403);
  }
  const list = await send(service, colleague.key, 'GET /ops/runs?kind=answer');
  expect(list.text).toContain(ann.ids.response);
  expect(list.text).not.toContain(ann.secret);
});

test('a colleague’s idempotency key begins an answer of one’s own', async () => {
  const headers = { 'idempotency-key': 'the same' };
  const body = { model: 'extractive', input: 'What is the code?' };
  const first = await send(service, ann.owner.key, 'POST /v1/responses', { body, headers });
  const second = await send(service, colleague.key, 'POST /v1/responses', { body, headers });
  const idOf = (reply: Reply) => (JSON.parse(reply.text) as { id: string }).id;
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(idOf(second)).not.toBe(idOf(first));
  expect((await send(service, colleague.key, `GET /v1/responses/${idOf(first)}`)).status).toBe(404);
});

function expectRefused({ status, text, asked }: Reply): void {
  expect([400, 403, 404], `${asked}: ${status} ${text}`).toContain(status);
  expect(text, asked).not.toContain(ann.secret);
}
