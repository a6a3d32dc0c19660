import type { Role } from '../../src/access/principal.ts';

/** What an id can name. `running` is a response that is still being written; `ingest` the run of a document. */
export type Kind =
  | 'conversation'
  | 'item'
  | 'response'
  | 'running'
  | 'ingest'
  | 'knowledgeBase'
  | 'file'
  | 'batch'
  | 'user'
  | 'key'
  | 'workspace'
  | 'goldenSet'
  | 'goldenQuestion'
  | 'evaluation';
export type Ids = Readonly<Record<Kind, string>>;

/** One more place beside the path where an id can stand. */
export interface Attempt {
  query?: Readonly<Record<string, string>>;
  body?: unknown;
}

export interface RouteCase {
  /** As Fastify names it. */
  route: `${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`;
  /** The least role that may call it. */
  role: Role | 'public';
  /** Beside that, only operators may. */
  operator?: boolean;
  /** What the parameters of the path can name. */
  params?: Readonly<Record<string, readonly Kind[]>>;
  /** A body that the route takes when everything in the path is one's own. */
  body?: unknown;
  /** Attempts that name what belongs to `theirs`, and must be refused. */
  refused?: (theirs: Ids, own: Ids) => Attempt[];
  /** Attempts that may succeed, as long as nothing of `theirs` comes back. */
  harmless?: (theirs: Ids) => Attempt[];
}

const CONVERSATION = { id: ['conversation'] } as const;
const RESPONSE = { id: ['response', 'running'] } as const;
const RUN = { id: ['response', 'running', 'ingest'] } as const;
const KNOWLEDGE_BASE = { id: ['knowledgeBase'] } as const;
const FILE = { id: ['file'] } as const;
const MEMBER = { id: ['knowledgeBase'], file: ['file'] } as const;
const BATCH = { id: ['knowledgeBase'], batch: ['batch'] } as const;

const GOLDEN_SET = { id: ['goldenSet'] } as const;
const GOLDEN_QUESTION = { id: ['goldenSet'], question: ['goldenQuestion'] } as const;
const EVALUATION = { id: ['evaluation'] } as const;

const after = (theirs: Ids, kind: Kind): Attempt => ({ query: { after: theirs[kind] } });
const searching = (theirs: Ids) => [{ type: 'file_search', vector_store_ids: [theirs.knowledgeBase] }];

/** Every route of the program: who may call it, and how someone could try to reach through it what is not theirs. */
export const ROUTES: readonly RouteCase[] = [
  {
    route: 'POST /v1/responses',
    role: 'reader',
    refused: (theirs) => [
      { body: { input: 'q', conversation: theirs.conversation } },
      { body: { input: 'q', conversation: { id: theirs.conversation } } },
      { body: { input: 'q', previous_response_id: theirs.response } },
      { body: { input: 'q', previous_response_id: theirs.running } },
      { body: { replaces_response_id: theirs.response } },
      { body: { replaces_response_id: theirs.running } },
      { body: { input: 'q', conversation: theirs.conversation, replaces_response_id: theirs.response } },
      { body: { input: 'q', background: true, previous_response_id: theirs.response } },
      { body: { input: 'q', stream: true, previous_response_id: theirs.response } },
    ],
  },
  { route: 'GET /v1/responses/:id', role: 'reader', params: RESPONSE },
  { route: 'POST /v1/responses/:id/cancel', role: 'reader', params: RESPONSE },
  { route: 'DELETE /v1/responses/:id', role: 'reader', params: RESPONSE },
  { route: 'GET /v1/responses/:id/input_items', role: 'reader', params: RESPONSE },
  { route: 'POST /v1/responses/:id/feedback', role: 'reader', params: RESPONSE, body: { rating: 'down' } },
  {
    route: 'POST /v1/chat/completions',
    role: 'reader',
    body: { model: 'extractive', messages: [{ role: 'user', content: 'What is the code of the vault?' }] },
  },
  { route: 'POST /v1/conversations', role: 'reader', body: { title: 'Mine' } },
  {
    route: 'GET /v1/conversations',
    role: 'reader',
    refused: (theirs) => [after(theirs, 'conversation')],
    harmless: () => [{ query: { query: 'vault' } }],
  },
  { route: 'GET /v1/conversations/:id', role: 'reader', params: CONVERSATION },
  { route: 'POST /v1/conversations/:id', role: 'reader', params: CONVERSATION, body: { title: 'Taken' } },
  { route: 'DELETE /v1/conversations/:id', role: 'reader', params: CONVERSATION },
  { route: 'GET /v1/conversations/:id/export', role: 'reader', params: CONVERSATION },
  {
    route: 'GET /v1/conversations/:id/items',
    role: 'reader',
    params: CONVERSATION,
    refused: (theirs) => [after(theirs, 'item')],
  },
  {
    route: 'POST /v1/conversations/:id/items',
    role: 'reader',
    params: CONVERSATION,
    body: { items: [{ role: 'user', content: 'Smuggled' }] },
  },
  {
    route: 'GET /v1/conversations/:id/items/:item',
    role: 'reader',
    params: { ...CONVERSATION, item: ['item'] },
  },
  {
    route: 'DELETE /v1/conversations/:id/items/:item',
    role: 'reader',
    params: { ...CONVERSATION, item: ['item'] },
  },
  { route: 'GET /v1/models', role: 'reader' },
  { route: 'GET /v1/models/*', role: 'reader' },
  { route: 'POST /v1/embeddings', role: 'reader' },

  { route: 'POST /v1/files', role: 'editor' },
  {
    route: 'GET /v1/files',
    role: 'reader',
    harmless: (theirs) => [after(theirs, 'file'), { query: { order: 'asc' } }],
  },
  { route: 'GET /v1/files/:id', role: 'reader', params: FILE },
  { route: 'GET /v1/files/:id/content', role: 'reader', params: FILE },
  { route: 'GET /v1/files/:id/text', role: 'reader', params: FILE },
  { route: 'DELETE /v1/files/:id', role: 'editor', params: FILE },

  {
    route: 'POST /v1/vector_stores',
    role: 'editor',
    refused: (theirs, own) => [
      { body: { name: 'x', file_ids: [theirs.file] } },
      { body: { name: 'x', file_ids: [own.file, theirs.file] } },
    ],
  },
  {
    route: 'GET /v1/vector_stores',
    role: 'reader',
    harmless: (theirs) => [
      after(theirs, 'knowledgeBase'),
      { query: { before: theirs.knowledgeBase } },
      { query: { order: 'asc' } },
    ],
  },
  { route: 'GET /v1/vector_stores/:id', role: 'reader', params: KNOWLEDGE_BASE },
  {
    route: 'POST /v1/vector_stores/:id',
    role: 'editor',
    params: KNOWLEDGE_BASE,
    body: { name: 'Taken', is_default: true },
  },
  { route: 'DELETE /v1/vector_stores/:id', role: 'editor', params: KNOWLEDGE_BASE },
  { route: 'POST /v1/vector_stores/:id/rebuild', role: 'editor', params: KNOWLEDGE_BASE },
  {
    route: 'POST /v1/vector_stores/:id/search',
    role: 'reader',
    params: KNOWLEDGE_BASE,
    body: { query: 'What is the code of the vault?' },
    harmless: (theirs) => [
      { body: { query: 'vault', filters: { type: 'eq', key: 'file_id', value: theirs.file } } },
      { body: { query: ['code', 'vault'], max_num_results: 50 } },
    ],
  },
  { route: 'POST /v1/vector_stores/:id/documents', role: 'editor', params: KNOWLEDGE_BASE },
  {
    route: 'POST /v1/vector_stores/:id/files',
    role: 'editor',
    params: KNOWLEDGE_BASE,
    refused: (theirs) => [{ body: { file_id: theirs.file } }],
  },
  {
    route: 'GET /v1/vector_stores/:id/files',
    role: 'reader',
    params: KNOWLEDGE_BASE,
    harmless: (theirs) => [after(theirs, 'file'), { query: { before: theirs.file } }],
  },
  { route: 'GET /v1/vector_stores/:id/files/:file', role: 'reader', params: MEMBER },
  {
    route: 'POST /v1/vector_stores/:id/files/:file',
    role: 'editor',
    params: MEMBER,
    body: { attributes: { taken: true } },
  },
  { route: 'DELETE /v1/vector_stores/:id/files/:file', role: 'editor', params: MEMBER },
  { route: 'POST /v1/vector_stores/:id/files/:file/reingest', role: 'editor', params: MEMBER },
  { route: 'GET /v1/vector_stores/:id/files/:file/chunks', role: 'reader', params: MEMBER },
  { route: 'GET /v1/vector_stores/:id/files/:file/content', role: 'reader', params: MEMBER },
  {
    route: 'POST /v1/vector_stores/:id/file_batches',
    role: 'editor',
    params: KNOWLEDGE_BASE,
    refused: (theirs, own) => [
      { body: { file_ids: [theirs.file] } },
      { body: { file_ids: [own.file, theirs.file] } },
      { body: { files: [{ file_id: theirs.file, attributes: { taken: true } }] } },
    ],
  },
  { route: 'GET /v1/vector_stores/:id/file_batches/:batch', role: 'reader', params: BATCH },
  { route: 'POST /v1/vector_stores/:id/file_batches/:batch/cancel', role: 'editor', params: BATCH },
  { route: 'GET /v1/vector_stores/:id/file_batches/:batch/files', role: 'reader', params: BATCH },

  { route: 'GET /ops/status', role: 'reader' },
  {
    route: 'GET /ops/runs',
    role: 'editor',
    refused: (theirs) => [after(theirs, 'response'), after(theirs, 'ingest')],
    harmless: () => [{ query: { kind: 'answer' } }, { query: { kind: 'ingest', limit: '100' } }],
  },
  { route: 'GET /ops/queues', role: 'editor' },
  { route: 'GET /ops/runs/:id', role: 'editor', params: RUN },
  { route: 'GET /ops/runs/:id/events', role: 'editor', params: RUN },
  { route: 'POST /ops/runs/:id/cancel', role: 'editor', params: RUN },
  { route: 'GET /ops/dependencies', role: 'editor' },
  {
    route: 'POST /ops/dependencies',
    role: 'reader',
    operator: true,
    body: { name: 'index', forced: 'auto' },
  },
  { route: 'GET /ops/dependencies/changes', role: 'reader', operator: true },
  { route: 'GET /ops/models', role: 'editor' },
  { route: 'GET /ops/modes', role: 'reader' },
  { route: 'GET /ops/signals', role: 'editor' },
  { route: 'GET /ops/alerts', role: 'editor' },
  { route: 'POST /ops/alerts/:id/acknowledge', role: 'reader', operator: true, params: { id: ['response'] } },
  { route: 'GET /ops/alerts/rules', role: 'editor' },
  {
    route: 'POST /ops/alerts/rules/:id/silence',
    role: 'reader',
    operator: true,
    params: { id: ['response'] },
  },
  {
    route: 'DELETE /ops/alerts/rules/:id/silence',
    role: 'reader',
    operator: true,
    params: { id: ['response'] },
  },
  { route: 'GET /ops/alerts/channels', role: 'reader', operator: true },
  { route: 'POST /ops/alerts/channels', role: 'reader', operator: true },
  { route: 'PATCH /ops/alerts/channels/:id', role: 'reader', operator: true, params: { id: ['key'] } },
  { route: 'DELETE /ops/alerts/channels/:id', role: 'reader', operator: true, params: { id: ['key'] } },
  { route: 'POST /ops/alerts/channels/:id/test', role: 'reader', operator: true, params: { id: ['key'] } },
  { route: 'GET /ops/alerts/messages', role: 'reader', operator: true },
  { route: 'GET /ops/golden-sets', role: 'editor' },
  {
    route: 'POST /ops/golden-sets',
    role: 'editor',
    refused: (theirs) => [{ body: { name: 'x', knowledge_base_ids: [theirs.knowledgeBase] } }],
  },
  { route: 'GET /ops/golden-sets/:id', role: 'editor', params: GOLDEN_SET },
  {
    route: 'PATCH /ops/golden-sets/:id',
    role: 'editor',
    params: GOLDEN_SET,
    body: { description: 'Taken' },
  },
  { route: 'DELETE /ops/golden-sets/:id', role: 'editor', params: GOLDEN_SET },
  {
    route: 'POST /ops/golden-sets/:id/import',
    role: 'editor',
    params: GOLDEN_SET,
    body: { questions: '{"id": "m", "question": "Mine?", "facts": [["me"]]}' },
  },
  { route: 'GET /ops/golden-sets/:id/export', role: 'editor', params: GOLDEN_SET },
  { route: 'GET /ops/golden-sets/:id/questions', role: 'editor', params: GOLDEN_SET },
  {
    route: 'POST /ops/golden-sets/:id/questions',
    role: 'editor',
    params: GOLDEN_SET,
    body: { question: { question: 'Smuggled?', facts: [['in']] } },
  },
  {
    route: 'POST /ops/golden-sets/:id/questions/from-response',
    role: 'editor',
    params: GOLDEN_SET,
    refused: (theirs) => [{ body: { response_id: theirs.response } }],
  },
  {
    route: 'PATCH /ops/golden-sets/:id/questions/:question',
    role: 'editor',
    params: GOLDEN_QUESTION,
    body: { state: 'draft' },
  },
  { route: 'DELETE /ops/golden-sets/:id/questions/:question', role: 'editor', params: GOLDEN_QUESTION },
  { route: 'POST /ops/golden-sets/:id/drafts', role: 'editor', params: GOLDEN_SET, body: {} },
  {
    route: 'POST /ops/evaluations',
    role: 'editor',
    refused: (theirs, own) => [
      { body: { golden_set: theirs.goldenSet } },
      { body: { golden_set: own.goldenSet, knowledge_base_ids: [theirs.knowledgeBase] } },
    ],
  },
  {
    route: 'GET /ops/evaluations',
    role: 'editor',
    refused: (theirs) => [{ query: { golden_set: theirs.goldenSet } }],
    harmless: (theirs) => [after(theirs, 'evaluation')],
  },
  { route: 'GET /ops/evaluations/:id', role: 'editor', params: EVALUATION },
  {
    route: 'POST /ops/evaluations/compare',
    role: 'editor',
    refused: (theirs, own) => [
      { body: { before: theirs.evaluation, after: own.evaluation } },
      { body: { before: own.evaluation, after: own.evaluation, control: theirs.evaluation } },
    ],
  },
  { route: 'GET /ops/backup', role: 'reader', operator: true },
  { route: 'GET /ops/backup/repositories', role: 'reader', operator: true },
  { route: 'GET /ops/backup/snapshots', role: 'reader', operator: true },
  { route: 'GET /ops/backup/schedules', role: 'reader', operator: true },
  { route: 'PATCH /ops/backup/schedules', role: 'reader', operator: true },
  { route: 'GET /ops/backup/results', role: 'reader', operator: true },
  { route: 'GET /ops/backup/results/:id', role: 'reader', operator: true, params: { id: ['response'] } },
  { route: 'GET /ops/backup/runs', role: 'reader', operator: true },
  { route: 'POST /ops/backup/runs', role: 'reader', operator: true },
  { route: 'GET /ops/backup/runs/:id', role: 'reader', operator: true, params: RUN },
  { route: 'POST /ops/backup/runs/:id/cancel', role: 'reader', operator: true, params: RUN },
  { route: 'POST /ops/backup/restore-plans', role: 'reader', operator: true },
  { route: 'GET /ops/users', role: 'owner' },
  { route: 'POST /ops/users', role: 'owner' },
  {
    route: 'PATCH /ops/users/:id',
    role: 'owner',
    params: { id: ['user'] },
    body: { role: 'reader', disabled: true, reset_password: true },
  },
  { route: 'DELETE /ops/users/:id', role: 'owner', params: { id: ['user'] } },
  { route: 'GET /ops/keys', role: 'owner' },
  { route: 'POST /ops/keys', role: 'owner' },
  { route: 'DELETE /ops/keys/:id', role: 'owner', params: { id: ['key'] } },
  { route: 'GET /ops/workspaces', role: 'owner' },
  { route: 'POST /ops/workspaces', role: 'owner' },
  {
    route: 'PATCH /ops/workspaces/:id',
    role: 'owner',
    params: { id: ['workspace'] },
    body: { name: 'Taken' },
  },

  { route: 'POST /auth/sign-in', role: 'public' },
  { route: 'POST /auth/refresh', role: 'public' },
  { route: 'POST /auth/sign-out', role: 'public' },
  { route: 'GET /auth/me', role: 'reader' },
  { route: 'POST /auth/password', role: 'reader' },

  { route: 'GET /livez', role: 'public' },
  { route: 'GET /readyz', role: 'public' },
  { route: 'GET /startupz', role: 'public' },
  { route: 'GET /metrics', role: 'public' },
  { route: 'GET /openapi.json', role: 'public' },
];

/** Searching in a knowledge base of others comes as a question's tool; the domain says what is wrong with it. */
export const SEARCH_ATTEMPTS: readonly [path: string, body: (theirs: Ids) => unknown][] = [
  ['/v1/responses', (theirs) => ({ input: 'vault', tools: searching(theirs) })],
  ['/v1/responses', (theirs) => ({ input: 'vault', background: true, tools: searching(theirs) })],
  ['/v1/responses', (theirs) => ({ input: 'vault', model: 'extractive', tools: searching(theirs) })],
];
