import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type Behaviour, startUpstream, type Upstream } from '../support/lying-upstream.ts';
import type { Service } from '../support/service.ts';
import { startConfigured } from './service-fixture.ts';
import { QUESTION, StoredBefore, upload } from './stored-before.ts';

const FIRST_TOKEN_TIMEOUT_MS = 2_000;
const IDLE_TIMEOUT_MS = 2_000;
const TOKENS = 12;
const WHOLE = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');

let upstream: Upstream;
let service: Service;
let before: StoredBefore;

beforeAll(async () => {
  upstream = await startUpstream({ tokens: TOKENS });
  service = await startConfigured({
    workers: 1,
    models: [
      {
        name: 'lying',
        baseUrl: upstream.url,
        model: 'lying',
        firstTokenTimeoutMs: FIRST_TOKEN_TIMEOUT_MS,
        idleTimeoutMs: IDLE_TIMEOUT_MS,
      },
    ],
  });
  before = await StoredBefore.create(service);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

interface Answer {
  id: string;
  status: string;
  error: { code: string; message: string } | null;
  output: { type: string; content?: { text: string }[] }[];
  incomplete_details: { reason: string } | null;
  budao: {
    mode: string;
    mode_reason: string | null;
    mode_reason_code: string | null;
    endpoint: string | null;
  };
}

const NEVER_BEGINS: { name: string; behaviour: Behaviour; reason: RegExp }[] = [
  { name: 'refuses the key', behaviour: { status: 401 }, reason: /key/i },
  { name: 'is not paid', behaviour: { status: 402 }, reason: /402|paid|balance|credit|bill/i },
  { name: 'forbids', behaviour: { status: 403 }, reason: /403|permission|access|key/i },
  { name: 'does not know the model', behaviour: { status: 404 }, reason: /404|model|address/i },
  {
    name: 'is too busy',
    behaviour: { status: 429, headers: { 'retry-after': '7' } },
    reason: /429|rate|busy|many|7 s/i,
  },
  { name: 'fails', behaviour: { status: 500 }, reason: /500/ },
  {
    name: 'fails with an HTML page',
    behaviour: { status: 502, body: '<html><h1>Bad Gateway</h1></html>' },
    reason: /502/,
  },
  {
    name: 'answers with an HTML page',
    behaviour: { stream: 'html' },
    reason: /web page; check the base URL/,
  },
  { name: 'sends garbage at once', behaviour: { stream: 'garbage-json', afterTokens: 0 }, reason: /lying/ },
  {
    name: 'sends an endless line at once',
    behaviour: { stream: 'huge-line', afterTokens: 0 },
    reason: /lying/,
  },
  {
    name: 'takes too long for its first token',
    behaviour: { firstTokenDelayMs: 60_000 },
    reason: /within|time/i,
  },
  {
    name: 'accepts and never answers',
    behaviour: { hang: 'before-headers' },
    reason: /within|time/i,
  },
  {
    name: 'hangs up before the first token',
    behaviour: { ending: 'reset', afterTokens: 0 },
    reason: /lying/,
  },
  { name: 'ends without a token', behaviour: { ending: 'cut', afterTokens: 0 }, reason: /lying/ },
];

describe('a model that cannot begin: the documents answer, in a declared mode, with the reason', () => {
  test.each(NEVER_BEGINS)('when it $name', async ({ behaviour, reason }) => {
    upstream.setBehaviour(behaviour);
    const answer = await ask(QUESTION);
    expect(answer).toMatchObject({ status: 'completed', budao: { mode: 'extractive' } });
    expect(answer.budao.mode_reason).toMatch(reason);
    expect(answer.budao.mode_reason_code).toMatch(/^model_/);
    expect(answer.budao.mode_reason).not.toContain('bdk_');
    expect(textOf(answer)).toContain('15 天');
    await recover();
  });
});

const BREAKS_ONCE: { name: string; behaviour: Behaviour }[] = [
  { name: 'resets the connection', behaviour: { ending: 'reset', afterTokens: 5 } },
  { name: 'cuts the stream', behaviour: { ending: 'cut', afterTokens: 5 } },
  { name: 'hangs', behaviour: { hang: 'mid-stream', afterTokens: 5 } },
  { name: 'sends an error event', behaviour: { ending: 'error-event', afterTokens: 5 } },
  { name: 'sends garbage', behaviour: { stream: 'garbage-json', ending: 'cut', afterTokens: 5 } },
  { name: 'sends an endless line', behaviour: { stream: 'huge-line', ending: 'cut', afterTokens: 5 } },
];

describe('a model that breaks off in mid-answer: the text goes on where it stood', () => {
  test.each(BREAKS_ONCE)('when it $name', async ({ behaviour }) => {
    upstream.setBehaviour((index) => (index === 0 ? behaviour : {}));
    const answer = await ask('数到十二');
    expect(answer).toMatchObject({
      status: 'completed',
      error: null,
      budao: { mode: 'full', endpoint: 'lying' },
    });
    expect(textOf(answer)).toBe(WHOLE);
    await recover();
  });

  const ODD: { name: string; behaviour: Behaviour }[] = [
    { name: 'leaves out the usage', behaviour: { usage: false } },
    { name: 'leaves out [DONE]', behaviour: { ending: 'no-done' } },
    { name: 'never closes the stream after [DONE]', behaviour: { ending: 'never-closes' } },
    { name: 'answers with one JSON object', behaviour: { stream: 'one-json' } },
    { name: 'writes lines as Windows does', behaviour: { lineEnding: '\r\n', eventsPerChunk: 3 } },
  ];
  test.each(ODD)('and one that only $name is understood', async ({ behaviour }) => {
    upstream.setBehaviour(behaviour);
    const answer = await ask('数到十二');
    expect(answer).toMatchObject({ status: 'completed', budao: { mode: 'full' } });
    expect(textOf(answer)).toBe(WHOLE);
  });
});

describe('a model that never comes back', () => {
  test('in mid-answer leaves an incomplete answer with its text and the reason', async () => {
    upstream.setBehaviour((index) => (index === 0 ? { ending: 'reset', afterTokens: 5 } : { status: 500 }));
    const answer = await ask('数到十二');
    expect(answer).toMatchObject({ status: 'incomplete', incomplete_details: expect.anything() });
    expect(textOf(answer)).toBe('t1 t2 t3 t4 t5 ');
    expect(answer.budao.mode_reason).toMatch(/lying/);
  });

  test('is left alone for a while; questions are answered from the documents meanwhile, at once, and none is lost', async () => {
    upstream.setBehaviour({ status: 500 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(QUESTION)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'completed', budao: { mode: 'extractive' } });
      expect(answer.budao.mode_reason).not.toBeNull();
    }
    await upstream.close();
    const answer = await ask(QUESTION);
    expect(answer).toMatchObject({ status: 'completed', budao: { mode: 'extractive' } });
    for (const { id } of [...answers, answer]) {
      expect(await service.json('GET', `/v1/responses/${id}`)).toMatchObject({ id, status: 'completed' });
    }
  });
});

test('a model that is down is replaced by the next one of the list, in a declared mode', async () => {
  await using second = await startUpstream({ tokens: TOKENS });
  await using withTwo = await startConfigured({
    workers: 1,
    models: [
      { name: 'away', baseUrl: `http://127.0.0.1:${await freePort()}/v1`, model: 'away' },
      { name: 'second', baseUrl: second.url, model: 'second' },
    ],
  });
  const answer = await askOf(withTwo, '数到十二');
  expect(answer).toMatchObject({
    status: 'completed',
    budao: { mode: 'fallback-model', endpoint: 'second' },
  });
  expect(answer.budao).toMatchObject({
    mode_reason: expect.any(String),
    mode_reason_code: 'preferred_model_away',
  });
  expect(textOf(answer)).toBe(WHOLE);
});

describe('an embedding model', () => {
  const LIES = [
    { name: 'fails', behaviour: { status: 500 } },
    { name: 'refuses the key', behaviour: { status: 401 } },
    { name: 'answers with another dimension', behaviour: { embeddings: 'wrong-dimension' } },
    { name: 'answers with numbers that are none', behaviour: { embeddings: 'not-a-number' } },
    { name: 'answers with nothing but zeros', behaviour: { embeddings: 'all-zero' } },
    { name: 'answers garbage', behaviour: { embeddings: 'garbage' } },
  ] as const;

  test('that lies or is down makes the search one of keywords, and the answer says so', async () => {
    await using embeddings = await startUpstream({ embeddingDimension: 32 });
    await using withEmbedder = await startConfigured({
      workers: 1,
      embedder: { baseUrl: embeddings.url, model: 'hash' },
    });
    const stored = await StoredBefore.create(withEmbedder);
    const fingerprint = await stored.fingerprint();
    const modeOf = async (): Promise<Answer['budao'] & { text: string }> => {
      const answer = await askOf(withEmbedder, QUESTION);
      return { ...answer.budao, text: textOf(answer) };
    };
    expect(await modeOf()).toMatchObject({ mode: 'extractive', mode_reason_code: 'no_model_configured' });
    for (const { name, behaviour } of LIES) {
      embeddings.setBehaviour(behaviour);
      const { mode_reason: reason, text } = await modeOf();
      expect({ name, reason, text }).toMatchObject({
        name,
        reason: expect.stringMatching(/hash/),
        text: expect.stringContaining('15 天'),
      });
      expect(await stored.findsPassage()).toBe(true);
    }
    // A document that arrives now keeps its bytes, and shows what it waits for or why it failed.
    embeddings.setBehaviour({ embeddings: 'wrong-dimension' });
    const late = await upload(withEmbedder, stored.knowledgeBaseId, '后来.md', '# 后来\n\n后来的规定。');
    expect(late.id).toMatch(/^file_/);
    await embeddings.close();
    const away = await modeOf();
    expect([away.mode_reason, away.mode_reason_code]).toEqual([
      expect.stringMatching(/hash/),
      'embedder_away',
    ]);
    expect(await stored.fingerprint()).toBe(fingerprint);
  });
});

function ask(question: string): Promise<Answer> {
  return askOf(service, question);
}

/** Never a status of the server's own failing. */
async function askOf(target: Service, input: string): Promise<Answer> {
  const response = await target.request('POST', '/v1/responses', { input }, {});
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

/** Good answers between bad ones, so that the circuit breaker stays closed and each case is judged by itself. */
async function recover(): Promise<void> {
  upstream.setBehaviour({});
  for (let count = 0; count < 3; count++) {
    const answer = await ask('数到十二');
    expect(answer).toMatchObject({ status: 'completed', budao: { mode: 'full', mode_reason: null } });
  }
  expect(await before.findsPassage()).toBe(true);
}

function textOf(answer: Answer): string {
  return answer.output.flatMap((item) => item.content?.map((part) => part.text) ?? []).join('');
}
