import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPerson, caller, type FurnishedWorkspace, furnish } from '../access/furnished-workspace.ts';
import { ownPath } from '../access/intruder.ts';
import { ROUTES, type RouteCase } from '../access/route-table.ts';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { ReplySchemas } from '../support/reply-schemas.ts';
import { Service } from '../support/service.ts';
import { RepositoryPlace, snapshotNow } from './backup-journey.ts';

interface Step {
  /** Where the path names other things than those of the furnished workspace. */
  at?: string;
  body?: unknown;
  headers?: Record<string, string>;
}
type Journey = Partial<Record<RouteCase['route'], Step[]>>;

/** What takes away what others ask for comes last, and the inner before the outer. */
const ENDS = /^DELETE |\/cancel$|sign-out$/;
const ORDERED = ROUTES.toSorted(
  ({ route: one }, { route: other }) =>
    Number(ENDS.test(one)) - Number(ENDS.test(other)) ||
    (ENDS.test(one) ? other.split('/').length - one.split('/').length : 0),
);
const QUESTION = 'What is the code of the vault?';

let repository: RepositoryPlace;
let upstream: Upstream;
let service: Service;
let schemas: ReplySchemas;
let furnished: FurnishedWorkspace;

beforeAll(async () => {
  // So slow that the answer that is cancelled is still being written.
  upstream = await startUpstream({ tokens: 100_000, tokensPerSecond: 2 });
  repository = await RepositoryPlace.make();
  service = await Service.start({
    environment: {
      ...repository.environment,
      BUDAO_MODEL_BASE_URL: upstream.url,
      BUDAO_MODEL_NAME: 'slow',
      BUDAO_EMBEDDING_BASE_URL: upstream.url,
      BUDAO_EMBEDDING_NAME: 'hash',
    },
  });
  schemas = await ReplySchemas.of(service.url);
  const ann = await addPerson(service, { credential: service.apiKey }, 'ann', 'owner');
  const me = await caller(service, ann.session)<{ workspace: { id: string } }>('GET', '/auth/me');
  furnished = await furnish(service, ann, me.workspace.id, 'alphasecret');
}, 120_000);
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  await repository?.[Symbol.asyncDispose]();
});

describe('what the OpenAPI document says of answers', () => {
  test('is what a running service answers on every route to those whom it refuses', async () => {
    for (const route of ROUTES) {
      const path = ownPath(route, {});
      const body = /^(POST|PATCH)/.test(path) ? {} : undefined;
      const stranger = { authorization: 'Bearer bdk_never-made-by-anybody-0000' };
      const refused = await ask(path, { body, headers: stranger });
      if (route.role !== 'public') expect(refused.status, path).toBe(401);
      if (route.params !== undefined || route.role === 'public') await ask(path, { body });
    }
  });

  test('is what a running service answers on every route when all is well', async () => {
    const journey = await journeyOf(furnished);
    for (const route of ORDERED) {
      for (const step of journey[route.route] ?? [{}]) {
        const path = step.at ?? ownPath(route, { ...furnished.ids, response: endedOrRunning(route) });
        const credential = route.operator === true ? service.apiKey : furnished.owner.key;
        const { status, text } = await ask(path, { body: route.body, credential, ...step });
        expect(status, `${path}: ${text}`).toBeLessThan(300);
      }
    }
  });

  test('would show a field that is gone, of another type, or not spoken of', () => {
    const { bytes: _, ...withoutBytes } = FILE;
    expect(checking(200, FILE)).not.toThrow();
    expect(checking(200, withoutBytes)).toThrow(/GET \/v1\/files\/\{id\} answered 200.*'bytes'/s);
    expect(checking(200, { ...FILE, bytes: '5' })).toThrow(/bytes must be integer/);
    expect(checking(200, { ...FILE, vector_store_ids: [null] })).toThrow(
      /vector_store_ids\/0 must be string/,
    );
    expect(checking(200, { ...FILE, secret: true })).toThrow(/additional properties/);
    expect(checking(201, FILE)).toThrow(/the document knows only 200/);
    expect(checking(404, { error: { message: 'm', type: 't', param: null } })).toThrow(/'code'/);
  });
});

const FILE = {
  id: 'file_1',
  object: 'file',
  bytes: 5,
  created_at: 1_700_000_000,
  filename: 'a.md',
  purpose: 'assistants',
  status: 'processed',
  vector_store_ids: ['vs_1'],
};

function checking(status: number, body: object): () => void {
  const contentType = 'application/json; charset=utf-8';
  const text = JSON.stringify(body);
  return () => void schemas.check({ method: 'GET', path: '/v1/files/file_1', status, contentType, text });
}

/** Asks, and holds the answer against the document. */
async function ask(
  route: string,
  { body, headers, credential = furnished.owner.key }: Step & { credential?: string },
): Promise<{ status: number; text: string }> {
  const [method = '', path = ''] = route.split(' ');
  const authorization = `Bearer ${credential}`;
  const response = await service.request(method, path, body, { authorization, ...headers });
  const { status } = response;
  const text = await response.text();
  const contentType = response.headers.get('content-type');
  const checked = schemas.check({ method, path, status, contentType, text });
  expect(checked, `${route} is not in the document`).not.toBeNull();
  return { status, text };
}

function endedOrRunning({ route }: RouteCase): string {
  return route.endsWith('/cancel') ? furnished.ids.running : furnished.ids.response;
}

/** What to send where a route needs more than its path, or has more than one kind of answer. */
async function journeyOf({ ids, owner }: FurnishedWorkspace): Promise<Journey> {
  const call = caller(service, owner.key);
  const operate = caller(service, service.apiKey);
  const extractive = { model: 'extractive', input: QUESTION };
  const chat = { model: 'extractive', messages: [{ role: 'user', content: QUESTION }] };
  const inner = await call('POST', '/v1/responses', extractive);
  const json = { accept: 'application/json' };
  return {
    'POST /v1/responses': [
      { body: { ...extractive, include: ['file_search_call.results'] } },
      { body: { ...extractive, input: 'How heavy is the moon?' } },
      { body: { ...extractive, stream: true } },
      { body: { ...extractive, background: true, conversation: ids.conversation } },
    ],
    'GET /v1/responses/:id': [ids.response, ids.running].map((id) => ({ at: `GET /v1/responses/${id}` })),
    'DELETE /v1/responses/:id': [{ at: `DELETE /v1/responses/${inner.id}` }],
    'POST /v1/chat/completions': [{ body: chat }, { body: { ...chat, stream: true } }],
    'GET /v1/conversations/:id/export': ['markdown', 'json'].map((format) => ({
      at: `GET /v1/conversations/${ids.conversation}/export?format=${format}`,
    })),
    'GET /v1/models/*': [{ at: 'GET /v1/models/extractive' }],
    'POST /v1/embeddings': [
      { body: { model: 'hash', input: ['vault', 'gate'] } },
      { body: { model: 'hash', input: 'vault', encoding_format: 'base64' } },
    ],
    'POST /v1/files': [{ body: gateForm() }],
    'POST /v1/vector_stores': [{ body: { name: 'New' } }],
    'POST /v1/vector_stores/:id/documents': [{ body: gateForm() }],
    'POST /v1/vector_stores/:id/files': [{ body: { file_id: ids.file } }],
    'POST /v1/vector_stores/:id/file_batches': [{ body: { file_ids: [ids.file] } }],
    'GET /ops/runs/:id': [ids.response, ids.running, ids.ingest].map((id) => ({ at: `GET /ops/runs/${id}` })),
    'POST /ops/golden-sets': [{ body: { name: 'new' } }],
    'POST /ops/golden-sets/:id/questions/from-response': [{ body: { response_id: ids.response } }],
    'POST /ops/evaluations': [
      { body: { golden_set: ids.goldenSet, answers: false } },
      { body: { questions: '{"id": "a", "question": "Code?", "facts": [["x"]]}', answers: false } },
    ],
    'POST /ops/evaluations/compare': [{ body: { before: ids.evaluation, after: ids.evaluation } }],
    'GET /readyz': [{}, { headers: json }],
    'GET /livez': [{}, { headers: json }],
    'GET /startupz': [{}, { headers: json }],
    ...(await backupJourney()),
    ...(await alertJourney(operate)),
    ...(await peopleJourney(call)),
  };
}

function gateForm(): FormData {
  const form = new FormData();
  form.append('file', new Blob(['# Gate\n\nThe gate opens at 7:30.\n']), 'gate.md');
  return form;
}

async function backupJourney(): Promise<Journey> {
  const { snapshot, result, run } = await repository.furnish(service);
  const plan = { repository: snapshotNow().repository, snapshot_id: snapshot };
  return {
    'GET /ops/backup/results/:id': [{ at: `GET /ops/backup/results/${result}` }],
    'POST /ops/backup/runs': [{ body: snapshotNow() }],
    'GET /ops/backup/runs/:id': [{ at: `GET /ops/backup/runs/${run}` }],
    'POST /ops/backup/runs/:id/cancel': [{ at: `POST /ops/backup/runs/${run}/cancel` }],
    'POST /ops/backup/restore-plans': [{ body: plan }],
  };
}

async function alertJourney(call: ReturnType<typeof caller>): Promise<Journey> {
  addAlert(service.dataDir);
  const rule = '/ops/alerts/rules/disk-low/silence';
  const body = { kind: 'webhook', name: 'first', url: upstream.url };
  const channel = await call('POST', '/ops/alerts/channels', body);
  const place = `/ops/alerts/channels/${channel.id}`;
  return {
    'POST /ops/alerts/:id/acknowledge': [{ at: 'POST /ops/alerts/alr_test/acknowledge' }],
    'POST /ops/alerts/rules/:id/silence': [{ at: `POST ${rule}`, body: { seconds: 60 } }],
    'DELETE /ops/alerts/rules/:id/silence': [{ at: `DELETE ${rule}` }],
    'POST /ops/alerts/channels': [{ body: { ...body, name: 'second' } }],
    'PATCH /ops/alerts/channels/:id': [{ at: `PATCH ${place}`, body: { name: 'renamed' } }],
    'POST /ops/alerts/channels/:id/test': [{ at: `POST ${place}/test` }],
    'DELETE /ops/alerts/channels/:id': [{ at: `DELETE ${place}` }],
  };
}

/** One that was over long ago, so that nothing in the service still works on it. */
function addAlert(dataDir: string): void {
  using database = new DatabaseSync(join(dataDir, 'ledger.db'), { timeout: 5_000 });
  database
    .prepare(
      `INSERT INTO alert (id, rule, subject, severity, value, fired_at, resolved_at)
       VALUES ('alr_test', 'disk-low', '', 'critical', 0.5, ?, ?)`,
    )
    .run(Date.now() - 86_400_000, Date.now() - 80_000_000);
}

async function peopleJourney(call: ReturnType<typeof caller>): Promise<Journey> {
  const made = await call<{ password: string }>('POST', '/ops/users', { username: 'yan', role: 'editor' });
  const credentials = { username: 'yan', password: made.password };
  const signIn = await service.request('POST', '/auth/sign-in', credentials);
  const { access_token: session } = (await signIn.json()) as { access_token: string };
  const cookie = signIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const own = { 'x-budao-request': '1', cookie };
  return {
    'POST /ops/users': [{ body: { username: 'zoe', role: 'reader' } }],
    'POST /ops/keys': [{ body: { name: 'new', role: 'reader' } }],
    'POST /ops/workspaces': [{ body: { name: 'of others' } }],
    'POST /auth/sign-in': [{ body: credentials }],
    'POST /auth/refresh': [{ headers: own }],
    'GET /auth/me': [{}, { headers: { authorization: `Bearer ${session}` } }],
    'POST /auth/password': [
      {
        body: { current_password: made.password, new_password: 'a-Long-one-that-is-new-917' },
        headers: { authorization: `Bearer ${session}` },
      },
    ],
    'POST /auth/sign-out': [{ headers: own }],
  };
}
