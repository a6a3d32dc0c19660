import { AnswerServer } from '../support/answer-server.ts';

/** The server that the client tests talk to: address, key, and a question that its documents answer. */
export interface ClientTarget extends AsyncDisposable {
  baseUrl: string;
  apiKey: string;
  question: string;
  /** A knowledge base that has the answer. */
  knowledgeBaseId: string;
}

/** A running installation, named by BUDAO_TEST_*, or a server whose answers follow a script. */
export async function openClientTarget(): Promise<ClientTarget> {
  const { BUDAO_TEST_BASE_URL: baseUrl, BUDAO_TEST_API_KEY: apiKey } = process.env;
  if (baseUrl !== undefined && apiKey !== undefined) {
    return {
      baseUrl,
      apiKey,
      question: process.env['BUDAO_TEST_QUESTION'] ?? 'How many days of annual leave do staff have?',
      knowledgeBaseId:
        process.env['BUDAO_TEST_KNOWLEDGE_BASE'] ?? (await defaultKnowledgeBase(baseUrl, apiKey)),
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const server = await AnswerServer.start();
  return {
    baseUrl: server.baseUrl,
    apiKey: 'key-alice',
    question: 'How many days of leave?',
    knowledgeBaseId: 'vs_handbook',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function defaultKnowledgeBase(baseUrl: string, apiKey: string): Promise<string> {
  const reply = await fetch(`${baseUrl}/v1/vector_stores`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const { data } = (await reply.json()) as { data: { id: string; is_default: boolean }[] };
  const found = data.find((store) => store.is_default);
  if (found === undefined) throw new Error('the server under test has no default knowledge base');
  return found.id;
}
