import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { qualityRoutes } from '../../src/http/evaluation/routes.ts';
import { knowledgeRoutes } from '../../src/http/knowledge/knowledge-routes.ts';
import { alertChannelRoutes } from '../../src/http/operations/alert-channel-routes.ts';
import { alertRoutes } from '../../src/http/operations/alert-routes.ts';
import { backupRoutes } from '../../src/http/operations/backup-routes.ts';
import { dependencyRoutes } from '../../src/http/operations/dependency-routes.ts';
import { signalRoutes } from '../../src/http/operations/signal-routes.ts';
import { AnswerServer } from '../support/answer-server.ts';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { addPerson, addWorkspace, caller, type FurnishedWorkspace, furnish } from './furnished-workspace.ts';
import { foreignPaths, ownPath, type Reply, send } from './intruder.ts';
import { printedRoutes } from './printed-routes.ts';
import { ROUTES, type RouteCase, SEARCH_ATTEMPTS } from './route-table.ts';
import { tenantRows } from './tenant-rows.ts';

const TURNED_AWAY = [400, 403, 404];

let upstream: Upstream;
let service: Service;
let victim: FurnishedWorkspace;
let intruder: FurnishedWorkspace;
let before: Record<string, unknown[]>;

beforeAll(async () => {
  // So slow that the answers that it gives are still being written when the tests end.
  upstream = await startUpstream({ tokens: 100_000, tokensPerSecond: 2 });
  service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'slow' },
  });
  const ann = await addPerson(service, { credential: service.apiKey }, 'ann', 'owner');
  const me = await caller(service, ann.session)<{ workspace: { id: string } }>('GET', '/auth/me');
  const other = await addWorkspace(service, ann, 'bo');
  victim = await furnish(service, ann, me.workspace.id, 'alphasecret');
  intruder = await furnish(service, other.owner, other.workspaceId, 'bravosecret');
  before = tenantRows(service.dataDir, victim.ids.workspace);
}, 120_000);
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

test('no route is missing from the table of this test', async () => {
  await using server = await AnswerServer.start(undefined, {
    routes: [
      knowledgeRoutes,
      dependencyRoutes,
      signalRoutes,
      alertRoutes,
      alertChannelRoutes,
      qualityRoutes,
      backupRoutes,
    ].map((routes) => routes({} as never)),
  });
  const known = ROUTES.map(({ route }) => route).sort();
  expect(printedRoutes(server.app.printRoutes({ commonPrefix: false }))).toEqual(known);
});

describe.each(ROUTES.map((route) => ({ name: route.route, route })))('$name', ({ route }) => {
  test('shows and changes nothing of another workspace', async () => {
    for (const credential of [intruder.owner.key, intruder.owner.session]) {
      for (const reply of await refusedAttempts(credential, route)) expectRefused(reply);
      for (const attempt of route.harmless?.(victim.ids) ?? []) {
        expectNothingOfVictim(await send(service, credential, ownPath(route, intruder.ids), attempt));
      }
    }
  });

  test('does not open when the header names another workspace', async () => {
    if (route.role === 'public') return;
    const headers = { 'x-budao-workspace': victim.ids.workspace };
    for (const credential of [intruder.owner.key, intruder.owner.session]) {
      const [path = route.route] = foreignPaths(route, victim.ids, intruder.ids);
      const reply = await send(service, credential, path, { body: bodyOf(route), headers });
      expect(reply.status, reply.asked).toBe(403);
      expect(reply.text).toContain('workspace_forbidden');
    }
  });
});

test('lists and searches hold only what is of the own workspace', async () => {
  const lists = ROUTES.filter(({ route, params }) => route.startsWith('GET ') && params === undefined);
  for (const { route, operator } of lists) {
    // Of the installation; those of a workspace do not get in.
    if (operator === true) continue;
    if (route.endsWith('*')) continue;
    const reply = await send(service, intruder.owner.key, route);
    expect(reply.status, reply.asked).toBe(200);
    expectNothingOfVictim(reply);
  }
});

test('no question searches the documents of another workspace', async () => {
  for (const [path, body] of SEARCH_ATTEMPTS) {
    expectRefused(await send(service, intruder.owner.key, `POST ${path}`, { body: body(victim.ids) }));
  }
  const form = new FormData();
  form.append('replaces', victim.ids.file);
  form.append('file', new Blob(['# Taken\n\nNothing.\n']), 'taken.md');
  const path = `POST /v1/vector_stores/${intruder.ids.knowledgeBase}/documents`;
  expectRefused(await send(service, intruder.owner.key, path, { body: form }));
});

test('an idempotency key that another workspace used brings back nothing of theirs', async () => {
  const headers = { 'idempotency-key': 'the same' };
  const body = { model: 'extractive', input: 'What is the code of the vault?' };
  const theirs = await send(service, victim.owner.key, 'POST /v1/responses', { body, headers });
  expect(theirs.text).toContain(victim.secret);
  const own = await send(service, intruder.owner.key, 'POST /v1/responses', { body, headers });
  expect(own.status).toBe(200);
  expect(own.text).toContain(intruder.secret);
  expectNothingOfVictim(own);
  const made = { body: { title: 'Made once' }, headers };
  const first = await send(service, victim.owner.key, 'POST /v1/conversations', made);
  const second = await send(service, intruder.owner.key, 'POST /v1/conversations', made);
  expect(second.status).toBe(200);
  const idOf = ({ text }: { text: string }) => (JSON.parse(text) as { id: string }).id;
  expect(idOf(second)).not.toBe(idOf(first));
  before = tenantRows(service.dataDir, victim.ids.workspace);
});

test('nothing of the other workspace has changed after all attempts', async () => {
  for (const route of ROUTES) await refusedAttempts(intruder.owner.key, route);
  expect(tenantRows(service.dataDir, victim.ids.workspace)).toEqual(before);
  for (const rows of Object.values(before)) expect(rows.length).toBeGreaterThan(0);
  const running = await caller(service, victim.owner.key)<{ status: string }>(
    'GET',
    `/v1/responses/${victim.ids.running}`,
  );
  expect(running.status).toBe('in_progress');
});

/** Everything that must be turned away: ids of the victim in the path, in the query and in the body. */
async function refusedAttempts(credential: string, route: RouteCase): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const path of foreignPaths(route, victim.ids, intruder.ids)) {
    replies.push(await send(service, credential, path, { body: bodyOf(route) }));
    if (!path.startsWith('GET ')) continue;
    replies.push(await send(service, credential, path.replace('GET', 'HEAD')));
    replies.push(await send(service, credential, path, { query: { stream: 'true', starting_after: '0' } }));
    replies.push(await send(service, credential, path, { headers: { accept: 'text/event-stream' } }));
  }
  for (const attempt of route.refused?.(victim.ids, intruder.ids) ?? []) {
    replies.push(await send(service, credential, ownPath(route, intruder.ids), attempt));
  }
  return replies;
}

/** Forms are sent where forms are taken, so that it is the id that is refused. */
function bodyOf(route: RouteCase): unknown {
  if (route.body !== undefined) return route.body;
  if (!route.route.endsWith('/documents')) return undefined;
  const form = new FormData();
  form.append('file', new Blob(['# Smuggled\n\nText.\n']), 'smuggled.md');
  return form;
}

function expectRefused(reply: Reply): void {
  expect(TURNED_AWAY, `${reply.asked}: ${reply.status} ${reply.text}`).toContain(reply.status);
  expectNothingOfVictim(reply);
}

function expectNothingOfVictim({ status, text, asked }: Reply): void {
  expect(status, `${asked}: ${text}`).toBeLessThan(500);
  expect(text, asked).not.toContain(victim.secret);
  // A refusal may repeat the id that was sent; an answer knows none.
  if (status >= 300) return;
  for (const id of Object.values(victim.ids)) expect(text, asked).not.toContain(id);
}
