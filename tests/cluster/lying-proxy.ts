/** Stands between clients and a service that works, and makes it look like one that does not. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Lie {
  name: string;
  /** What the checker has to call it. */
  rule: string;
  /** In place of what the service sends for one event of a stream. */
  frame?: (frame: string, index: number) => string;
  /** Answers by itself, without the service; undefined to ask it. */
  instead?: (method: string, path: string) => unknown;
  /** In place of what the service answers. */
  body?: (method: string, path: string, body: string) => string;
}

/** From which event on: by then text flows. */
const STRUCK = 8;
const remembered = new Map<string, string>();

export const LIES: readonly Lie[] = [
  {
    name: 'forgets an event',
    rule: 'event missing',
    frame: (frame, index) => (index === STRUCK ? '' : frame),
  },
  {
    name: 'sends an event twice',
    rule: 'event doubled',
    frame: (frame, index) => (index === STRUCK ? frame + frame : frame),
  },
  {
    name: 'sends another text',
    rule: 'answer changed',
    frame: (frame, index) => (index === STRUCK ? frame.replace(/"delta":"t/, '"delta":"T') : frame),
  },
  {
    name: 'takes a document and forgets it',
    rule: 'document lost',
    instead: (method, path) =>
      method === 'POST' && path.endsWith('/documents') ? { id: `file-${performance.now()}` } : undefined,
  },
  {
    name: 'takes a title and forgets it',
    rule: 'read went back',
    instead: (method, path) =>
      method === 'POST' && /^\/v1\/conversations\/[^/]+$/.test(path) && remembered.has(path)
        ? {}
        : (method === 'POST' && remembered.set(path, ''), undefined),
  },
  {
    name: 'lists items in another order',
    rule: 'items out of order',
    body: (method, path, body) =>
      method === 'GET' && path.includes('/items') && body.split('"role":"user"').length > 2
        ? JSON.stringify({ ...(JSON.parse(body) as object), data: reversed(body) })
        : body,
  },
  {
    name: 'reads from a copy that lags behind for ever',
    rule: 'read went back',
    body: (method, path, body) => {
      if (method !== 'GET' || !path.startsWith('/v1/responses/')) return body;
      remembered.set(path, remembered.get(path) ?? body);
      return remembered.get(path) as string;
    },
  },
];

function reversed(body: string): unknown[] {
  return (JSON.parse(body) as { data: unknown[] }).data.toReversed();
}

export interface LyingProxy extends AsyncDisposable {
  url: string;
}

export async function startLyingProxy(target: string, lie: Lie | null): Promise<LyingProxy> {
  const server = createServer((request, response) => {
    pass(target, lie, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(
  target: string,
  lie: Lie | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url: path = '/' } = request;
  const sent = await buffer(request);
  const invented = lie?.instead?.(method, path);
  if (invented !== undefined) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(invented));
    return;
  }
  const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
  const answer = await fetch(`${target}${path}`, {
    method,
    headers: headers as Record<string, string>,
    ...(sent.length === 0 ? {} : { body: sent }),
  });
  const type = answer.headers.get('content-type') ?? 'application/json';
  response.writeHead(answer.status, { 'content-type': type });
  if (!type.includes('event-stream') || answer.body === null) {
    const body = await answer.text();
    response.end(lie?.body?.(method, path, body) ?? body);
    return;
  }
  let rest = '';
  let index = 0;
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + piece).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) response.write(lie?.frame?.(`${frame}\n\n`, index++) ?? `${frame}\n\n`);
  }
  response.end(rest);
}
