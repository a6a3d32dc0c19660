/** The knowledge routes on a server of their own, listening, with real stores and a worker. */
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import OpenAI from 'openai';
import type { Principal } from '../../access/principal.ts';
import {
  type KnowledgeOptions,
  openTestKnowledge,
  type TestKnowledge,
  WORKSPACE,
} from '../../knowledge/testing.ts';
import { RunClient } from '../../runs/run-client.ts';
import { registerErrorReplies } from '../foundation/error-reply.ts';
import { registerJsonBodies } from '../foundation/json-bodies.ts';
import { registerNulRefusal } from '../foundation/refuse-nul.ts';
import { knowledgeRoutes } from './knowledge-routes.ts';

export const MAX_UPLOAD_BYTES = 1024 * 1024;

export interface KnowledgeServer extends AsyncDisposable {
  app: FastifyInstance;
  url: string;
  knowledge: TestKnowledge;
  /** A client of the workspace of tests, or of the one named. */
  client(workspaceId?: string): OpenAI;
  send(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; body: Reply }>;
}

/** Loose on purpose: tests read what they expect. */
export type Reply = ReturnType<typeof JSON.parse>;

/** The key of a request is its workspace. `beside` is another server, with whose stores this one works; it dies before it answers. */
export async function openKnowledgeServer(
  options: KnowledgeOptions & { beside?: TestKnowledge } = {},
): Promise<KnowledgeServer> {
  const knowledge = options.beside ?? (await openTestKnowledge(options));
  const app = Fastify({ forceCloseConnections: true });
  if (options.beside !== undefined)
    app.addHook('onSend', async (request) => void request.raw.socket.destroy());
  registerErrorReplies(app);
  registerJsonBodies(app);
  registerNulRefusal(app);
  app.decorateRequest('principal');
  app.addHook('onRequest', async (request) => {
    const workspaceId = request.headers.authorization?.slice('Bearer '.length) ?? WORKSPACE;
    const principal: Principal = {
      accountId: 'user_test',
      keyId: null,
      workspaceId,
      role: 'editor',
      isOperator: false,
      kind: 'session',
    };
    (request as { principal: Principal }).principal = principal;
  });
  const { ledger, blobs, derived, retriever, embedder, channel } = knowledge;
  const runs = new RunClient(channel);
  await app.register(
    knowledgeRoutes({
      ledger,
      blobs,
      derived,
      retriever,
      embedder,
      runs,
      maxUploadBytes: MAX_UPLOAD_BYTES,
    }),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    app,
    url,
    knowledge,
    client: (workspaceId = WORKSPACE) =>
      new OpenAI({ baseURL: `${url}/v1`, apiKey: workspaceId, maxRetries: 0 }),
    async send(path, init = {}) {
      const reply = await fetch(`${url}${path}`, init);
      return { status: reply.status, headers: reply.headers, body: await reply.json() };
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await knowledge[Symbol.asyncDispose]();
    },
  };
}

export function post(body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

/** Fields in the order given; a File stands under its own name. */
export function form(fields: Record<string, string | File>): RequestInit {
  const content = new FormData();
  for (const [name, value] of Object.entries(fields)) content.append(name, value);
  return { method: 'POST', body: content };
}
