/** Small servers that speak the routes of other systems, with what they keep in memory; none of them is installed here. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export const ANSWER = ['年假', '有', '五天', '。'];

export interface PeerServer extends AsyncDisposable {
  url: string;
  /** Names and texts of what was uploaded. */
  documents: Map<string, string>;
  /** Questions and answers by session. */
  chats: Map<string, string[]>;
  /** Streams are cut off after their first piece. */
  isCutting: boolean;
}

interface Exchange {
  path: string;
  query: URLSearchParams;
  json: () => Record<string, unknown>;
  form: () => Promise<FormData>;
  reply: (body: unknown, status?: number) => void;
  /** Payloads of an event stream; `isCutting` ends it in the middle. */
  stream: (payloads: readonly string[]) => void;
}

export type PeerRoutes = (exchange: Exchange, peer: PeerServer) => Promise<boolean>;

export async function startPeer(routes: PeerRoutes, port = 0): Promise<PeerServer> {
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const peer: PeerServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    documents: new Map(),
    chats: new Map(),
    isCutting: false,
    [Symbol.asyncDispose]: () => close(server),
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', peer.url);
    const body = await buffer(request);
    const isKnown = await routes(
      {
        path: `${request.method} ${pathname}`,
        query: searchParams,
        json: () => JSON.parse(body.toString()) as Record<string, unknown>,
        form: () =>
          new Response(new Uint8Array(body), {
            headers: { 'content-type': request.headers['content-type'] ?? '' },
          }).formData(),
        reply: (value, status = 200) => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(typeof value === 'string' ? value : JSON.stringify(value));
        },
        stream: (payloads) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          const shown = peer.isCutting ? payloads.slice(0, 2) : payloads;
          const text = shown.map((payload) => `data: ${payload}\n\n`).join('');
          if (peer.isCutting) response.write(text, () => response.destroy());
          else response.end(text);
        },
      },
      peer,
    );
    if (!isKnown) {
      response.writeHead(404);
      response.end('no such route');
    }
  }
  return peer;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export const openAiRoutes: PeerRoutes = async ({ path, reply, stream }) => {
  if (path === 'GET /v1/models') reply({ data: [{ id: 'm' }] });
  else if (path === 'POST /v1/chat/completions')
    stream([
      ...ANSWER.map((content) => JSON.stringify({ choices: [{ delta: { content }, finish_reason: null }] })),
      JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] }),
      '[DONE]',
    ]);
  else return false;
  return true;
};

/** As `server/endpoints/api` of AnythingLLM has them. */
export const anythingLlmRoutes: PeerRoutes = async ({ path, query, json, form, reply, stream }, peer) => {
  const document = /^GET \/api\/v1\/document\/(.+)$/.exec(path)?.[1];
  if (path === 'GET /api/v1/auth') reply({ authenticated: true });
  else if (path === 'POST /api/v1/workspace/new') reply({ workspace: { slug: 'drill' }, message: null });
  else if (path === 'POST /api/v1/workspace/drill/stream-chat') {
    const { message, sessionId } = json() as { message: string; sessionId: string };
    // It stores a question only together with the finished answer.
    if (!peer.isCutting) peer.chats.set(sessionId, [message, ANSWER.join('')]);
    const piece = (textResponse: string, isLast: boolean): string =>
      JSON.stringify({ type: 'textResponseChunk', textResponse, close: isLast, error: false });
    stream([...ANSWER.map((text) => piece(text, false)), piece('', true)]);
  } else if (path === 'GET /api/v1/workspace/drill/chats') {
    const [question, answer] = peer.chats.get(query.get('apiSessionId') ?? '') ?? [];
    const history = [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ];
    reply({ history: question === undefined ? [] : history });
  } else if (path === 'POST /api/v1/document/upload') {
    const given = (await form()).get('file') as File;
    const name = `${given.name}-1.json`;
    peer.documents.set(name, await given.text());
    reply({ success: true, error: null, documents: [{ name, location: `custom-documents/${name}` }] });
  } else if (path === 'POST /api/v1/workspace/drill/vector-search') {
    const found = [...peer.documents.values()].filter((text) => text.includes(String(json().query)));
    reply({ results: found.map((text) => ({ text })) });
  } else if (document !== undefined) {
    const isThere = peer.documents.has(decodeURIComponent(document));
    reply(isThere ? { document: {} } : 'Not Found', isThere ? 200 : 404);
  } else return false;
  return true;
};

/** As `api_server/kb_routes.py` and `chat/kb_chat.py` of Langchain-Chatchat have them. */
export const chatchatRoutes: PeerRoutes = async ({ path, query, json, form, reply, stream }, peer) => {
  const good = (data: unknown): void => reply({ code: 200, msg: 'success', data });
  if (path === 'GET /knowledge_base/list_knowledge_bases') good([]);
  else if (path === 'POST /knowledge_base/create_knowledge_base') good(null);
  else if (path === 'POST /chat/kb_chat')
    stream(
      ['', ...ANSWER].map((content) =>
        JSON.stringify({ choices: [{ delta: { content, role: 'assistant' } }] }),
      ),
    );
  else if (path === 'POST /knowledge_base/upload_docs') {
    const given = (await form()).get('files') as File;
    peer.documents.set(given.name, await given.text());
    good({ failed_files: {} });
  } else if (path === 'GET /knowledge_base/list_files')
    good([...peer.documents.keys()].map((name) => ({ file_name: name })));
  else if (path === 'GET /knowledge_base/download_doc')
    reply(peer.documents.get(query.get('file_name') ?? '') ?? '', 200);
  else if (path === 'POST /knowledge_base/search_docs') {
    const found = [...peer.documents.values()].filter((text) => text.includes(String(json().query)));
    reply(found.map((text) => ({ page_content: text, metadata: {} })));
  } else return false;
  return true;
};

/** As Gradio's clients call it; Kotaemon is such an application. */
export const gradioRoutes: PeerRoutes = async ({ path, json, reply, stream }) => {
  if (path === 'GET /config') reply({ version: '5', api_prefix: '/gradio_api', dependencies: [] });
  else if (path === 'POST /gradio_api/call/chat_fn') {
    if (JSON.stringify(json().data).includes('{question}')) reply('not filled', 422);
    else reply({ event_id: 'e1' });
  } else if (path === 'GET /gradio_api/call/chat_fn/e1') {
    const grown = ANSWER.map((_, index) => ANSWER.slice(0, index + 1).join(''));
    stream([...grown, grown.at(-1) ?? ''].map((text) => JSON.stringify([[['问', text]]])));
  } else return false;
  return true;
};
