// An OpenAI-compatible upstream for drills, tests and benchmarks that can lie in every way that real ones do.
// As a process: npx node src/drills/model/lying-upstream.ts --port 9100 --tokens 100 --rate 20

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { type EmbeddingsBehaviour, embeddingsBody } from './upstream-embeddings.ts';
import { createPacer, type Pacer } from './upstream-pacer.ts';
import {
  numberedTokens,
  proseTokens,
  readConversation,
  tokensAfter,
  type UpstreamMessage,
} from './upstream-text.ts';

export interface Behaviour {
  /** Refuse with this HTTP status. */
  status?: number;
  headers?: Record<string, string>;
  /** The body that goes with `status`; an OpenAI-shaped error unless given. */
  body?: string;
  /** Answer 400 naming the field when the request has one of these. */
  refuseFields?: readonly string[];
  /** Accept the connection and never answer, or stop for ever after `afterTokens`. */
  hang?: 'before-headers' | 'mid-stream';
  /** Headers at once, the first token after this long. */
  firstTokenDelayMs?: number;
  /** How the stream ends. `cut` closes politely without a terminator, `reset` kills the connection. */
  ending?: 'done' | 'cut' | 'reset' | 'no-done' | 'no-finish-reason' | 'never-closes' | 'error-event';
  /** Where `hang`, `cut`, `reset`, `error-event` and the garbage strike. All tokens unless given. */
  afterTokens?: number;
  finishReason?: string;
  /** The last token waits until this is true. */
  mayEnd?: () => boolean;
  /** What comes in place of, or amid, the stream. */
  stream?: 'events' | 'garbage-json' | 'html' | 'huge-line' | 'one-json';
  /** False leaves out the usage that was asked for. */
  usage?: boolean;
  /** What happens when the last message is the assistant's. `honour` needs the flag of `continuationFlag`. */
  continuation?: 'honour' | 'ignore' | 'echo' | 'depart';
  continuationFlag?: 'any' | 'continue_final_message' | 'partial' | 'prefix' | 'none';
  thinking?: 'reasoning_content' | 'reasoning' | 'inline';
  /** How many events go into one write. */
  eventsPerChunk?: number;
  lineEnding?: '\n' | '\r\n';
  embeddings?: EmbeddingsBehaviour;
}

export interface UpstreamOptions {
  port?: number;
  /** The address to listen on; loopback unless given. */
  host?: string;
  /** How many tokens an answer has, or which. */
  tokens?: number | readonly string[];
  /** `numbered` is t1 t2 t3 …; `prose` depends on the prompt. */
  text?: 'numbered' | 'prose';
  /** Null or 0: as fast as they can be written. */
  tokensPerSecond?: number | null;
  /** The only key that is let in; null lets in everyone. */
  apiKey?: string | null;
  embeddingDimension?: number;
  behaviour?: Behaviour;
}

export interface RecordedRequest {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
  /** True once the client has gone before the answer was complete. */
  abandoned: boolean;
}

export interface Upstream extends AsyncDisposable {
  /** Base URL as a client configures it, with `/v1`. */
  readonly url: string;
  readonly port: number;
  /** The last 1,000 requests. */
  readonly requests: RecordedRequest[];
  /** How many connections were opened so far. */
  readonly connections: number;
  /** From the next request on; a function gets the number of the request, from 0. */
  setBehaviour(behaviour: Behaviour | ((index: number) => Behaviour)): void;
  close(): Promise<void>;
}

const RECORDED_REQUESTS = 1_000;
const RESET_DELAY_MS = 30;
const THOUGHT = ['Let me ', 'think ', 'about it.'];

type Settings = Required<Omit<UpstreamOptions, 'behaviour' | 'port' | 'host'>>;

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const settings: Settings = {
    tokens: options.tokens ?? 100,
    text: options.text ?? 'numbered',
    tokensPerSecond: options.tokensPerSecond ?? null,
    apiKey: options.apiKey ?? null,
    embeddingDimension: options.embeddingDimension ?? 32,
  };
  const pacer = createPacer();
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  let behaviourOf: (index: number) => Behaviour = () => options.behaviour ?? {};
  let requestCount = 0;
  let connections = 0;

  const server: Server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === 'POST' ? parseBody(await readText(request)) : {};
    const path = (request.url ?? '/').replace(/^(\/beta)?\/v1/, '');
    const record = { path: request.url ?? '/', headers: request.headers, body, abandoned: false };
    requests.push(record);
    if (requests.length > RECORDED_REQUESTS) requests.shift();
    response.on('close', () => {
      record.abandoned = !response.writableFinished;
    });
    const behaviour = behaviourOf(requestCount++);
    if (behaviour.hang === 'before-headers') return;
    if (refuse(settings, behaviour, request, body, response)) return;
    if (path.endsWith('/models')) {
      return sendJson(response, 200, { object: 'list', data: [{ id: 'lying', object: 'model' }] });
    }
    if (path.endsWith('/embeddings')) {
      const inputs = [body.input].flat() as string[];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(embeddingsBody(inputs, settings.embeddingDimension, behaviour.embeddings ?? 'ok'));
      return;
    }
    if (!path.endsWith('/chat/completions')) {
      return sendJson(response, 404, { error: { message: `no route ${path}`, code: 'not_found' } });
    }
    streamAnswer(settings, behaviour, pacer, body, response);
  }

  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    pacer[Symbol.dispose]();
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  return {
    url: `http://${host}:${port}/v1`,
    port,
    requests,
    get connections() {
      return connections;
    },
    setBehaviour(behaviour) {
      requestCount = 0;
      behaviourOf = typeof behaviour === 'function' ? behaviour : () => behaviour;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function refuse(
  settings: Settings,
  behaviour: Behaviour,
  request: IncomingMessage,
  body: Record<string, unknown>,
  response: ServerResponse,
): boolean {
  const send = (status: number, message: string, code: string) => {
    for (const [name, value] of Object.entries(behaviour.headers ?? {})) response.setHeader(name, value);
    if (behaviour.body === undefined) sendJson(response, status, { error: { message, type: 'error', code } });
    else response.writeHead(status).end(behaviour.body);
    return true;
  };
  if (settings.apiKey !== null && request.headers.authorization !== `Bearer ${settings.apiKey}`) {
    return send(401, `Incorrect API key provided: ${request.headers.authorization}`, 'invalid_api_key');
  }
  if (behaviour.status !== undefined) return send(behaviour.status, 'refused on purpose', 'lying');
  const inMessages = (field: string) =>
    ((body.messages ?? []) as object[]).some((message) => Object.hasOwn(message, field));
  const refused = behaviour.refuseFields?.find((field) => Object.hasOwn(body, field) || inMessages(field));
  return refused === undefined
    ? false
    : send(400, `Unrecognized request argument: ${refused}`, 'unknown_field');
}

interface Answer {
  tokens: string[];
  finishReason: string;
  promptTokens: number;
}

function composeAnswer(settings: Settings, behaviour: Behaviour, body: Record<string, unknown>): Answer {
  const { prompt, prefix } = readConversation((body.messages ?? []) as UpstreamMessage[]);
  const { tokens: wanted } = settings;
  const write = (variant: number): string[] => {
    if (typeof wanted !== 'number') return [...wanted];
    return settings.text === 'prose' || variant > 0
      ? proseTokens(prompt, wanted, variant)
      : numberedTokens(wanted);
  };
  let tokens = write(0);
  if (behaviour.continuation === 'depart') tokens = write(1 + Math.floor(Math.random() * 1_000_000));
  else if (prefix !== '' && (behaviour.continuation ?? 'honour') === 'honour' && hasFlag(behaviour, body)) {
    tokens = tokensAfter(tokens, prefix);
  }
  const limit = Number(body.max_tokens ?? body.max_completion_tokens ?? Number.POSITIVE_INFINITY);
  const cutShort = tokens.length > limit;
  return {
    tokens: cutShort ? tokens.slice(0, limit) : tokens,
    finishReason: behaviour.finishReason ?? (cutShort ? 'length' : 'stop'),
    promptTokens: Math.ceil(prompt.length / 4),
  };
}

function hasFlag(behaviour: Behaviour, body: Record<string, unknown>): boolean {
  const last = ((body.messages ?? []) as UpstreamMessage[]).at(-1);
  const flags = {
    any: body.continue_final_message === true || last?.partial === true || last?.prefix === true,
    continue_final_message: body.continue_final_message === true,
    partial: last?.partial === true,
    prefix: last?.prefix === true,
    none: true,
  };
  return flags[behaviour.continuationFlag ?? 'any'];
}

function streamAnswer(
  settings: Settings,
  behaviour: Behaviour,
  pacer: Pacer,
  body: Record<string, unknown>,
  response: ServerResponse,
): void {
  const answer = composeAnswer(settings, behaviour, body);
  if (behaviour.stream === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><h1>Welcome to nginx</h1></html>');
    return;
  }
  const usage = {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.tokens.length,
    total_tokens: answer.promptTokens + answer.tokens.length,
  };
  if (body.stream !== true || behaviour.stream === 'one-json') {
    const message = { role: 'assistant', content: answer.tokens.join('') };
    const choices = [{ index: 0, message, finish_reason: answer.finishReason }];
    return sendJson(response, 200, { object: 'chat.completion', choices, usage });
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const events = eventsOf(behaviour, answer);
  const withUsage = behaviour.usage !== false && includesUsage(body);
  const finish = () => endStream(behaviour, answer, withUsage ? usage : null, response);
  const perChunk = behaviour.eventsPerChunk ?? 1;
  let at = 0;
  const emit = (): boolean => {
    if (at + perChunk >= events.length && behaviour.mayEnd?.() === false) return true;
    if (at < events.length) response.write(events.slice(at, at + perChunk).join(''));
    at += perChunk;
    if (at < events.length) return true;
    finish();
    return false;
  };
  const intervalMs = settings.tokensPerSecond ? (1_000 * perChunk) / settings.tokensPerSecond : 0;
  const firstDelayMs = behaviour.firstTokenDelayMs ?? intervalMs;
  if (firstDelayMs === 0 && intervalMs === 0) return writeAtOnce(emit, response);
  response.on('close', pacer.start(firstDelayMs, intervalMs, emit));
}

/** Writes on as the client reads, one write a turn, so that chunks stay chunks. */
function writeAtOnce(emit: () => boolean, response: ServerResponse): void {
  if (response.destroyed || !emit()) return;
  const next = () => writeAtOnce(emit, response);
  if (response.writableNeedDrain) response.once('drain', next);
  else setImmediate(next);
}

function includesUsage(body: Record<string, unknown>): boolean {
  return (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
}

function event(behaviour: Behaviour, payload: string): string {
  const end = behaviour.lineEnding ?? '\n';
  return `data: ${payload}${end}${end}`;
}

function delta(behaviour: Behaviour, fields: string, finishReason: string | null = null): string {
  const finish = finishReason === null ? 'null' : JSON.stringify(finishReason);
  return event(
    behaviour,
    `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"lying","choices":[{"index":0,"delta":{${fields}},"logprobs":null,"finish_reason":${finish}}]}`,
  );
}

function eventsOf(behaviour: Behaviour, answer: Answer): string[] {
  const content = (text: string) => delta(behaviour, `"content":${JSON.stringify(text)}`);
  const role = delta(behaviour, '"role":"assistant","content":""');
  const strikes = behaviour.afterTokens ?? answer.tokens.length;
  const events = answer.tokens.slice(0, strikes).map(content);
  const { thinking } = behaviour;
  if (thinking === 'inline') events.unshift(...['<thi', 'nk>', ...THOUGHT, '</th', 'ink>\n\n'].map(content));
  else if (thinking !== undefined) {
    events.unshift(...THOUGHT.map((text) => delta(behaviour, `"${thinking}":${JSON.stringify(text)}`)));
  }
  if (behaviour.stream === 'garbage-json') events.push(event(behaviour, '{"choices":[{"delta":{"content":'));
  if (behaviour.stream === 'huge-line') events.push(`data: ${'x'.repeat(8_000_000)}`);
  if (events.length > 0) events[0] = role + events[0];
  else events.push(role);
  return events;
}

function endStream(
  behaviour: Behaviour,
  answer: Answer,
  usage: object | null,
  response: ServerResponse,
): void {
  const ending = behaviour.hang === 'mid-stream' ? 'hang' : (behaviour.ending ?? 'done');
  if (ending === 'hang') return;
  if (ending === 'cut') return void response.end();
  // A reset overtakes bytes that are still on their way, so it waits until they are read.
  if (ending === 'reset') return void setTimeout(() => response.socket?.resetAndDestroy(), RESET_DELAY_MS);
  if (ending === 'error-event') {
    response.end(
      event(behaviour, '{"error":{"message":"CUDA out of memory","type":"server_error","code":500}}'),
    );
    return;
  }
  if (ending !== 'no-finish-reason') response.write(delta(behaviour, '', answer.finishReason));
  if (usage !== null) {
    response.write(event(behaviour, JSON.stringify({ object: 'chat.completion.chunk', choices: [], usage })));
  }
  if (ending === 'never-closes') return;
  response.end(ending === 'no-done' ? '' : event(behaviour, '[DONE]'));
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function parseBody(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      tokens: { type: 'string', default: '100' },
      rate: { type: 'string', default: '20' },
      text: { type: 'string', default: 'numbered' },
      key: { type: 'string' },
      dimension: { type: 'string', default: '32' },
      /** A Behaviour as JSON. */
      behaviour: { type: 'string', default: '{}' },
    },
  });
  const upstream = await startUpstream({
    port: Number(values.port),
    tokens: Number(values.tokens),
    tokensPerSecond: Number(values.rate),
    text: values.text === 'prose' ? 'prose' : 'numbered',
    apiKey: values.key ?? null,
    embeddingDimension: Number(values.dimension),
    behaviour: JSON.parse(values.behaviour) as Behaviour,
  });
  process.stdout.write(`${upstream.url}\n`);
  process.once('SIGTERM', () => void upstream.close());
}

if (import.meta.main) await main();
