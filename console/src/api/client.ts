import { errorFromBody, unreachable } from './api-error.ts';
import { noteReached, noteUnreachable } from './connectivity.ts';
import { authorization, recoverFromUnauthorized } from './session.ts';

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | boolean | null | undefined>;
  /** Sent as JSON, unless it is a form. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Sends a request and parses its JSON. @throws ApiError */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const answer = await send(path, options);
  const text = await answer.text();
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** Sends a request with the session's token; after a 401 it renews the token and asks once more. @throws ApiError */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const first = await attempt(path, options);
  if (first.answer.status === 401 && (await recoverFromUnauthorized(first.authorization))) {
    const second = await attempt(path, options);
    return await accepted(second.answer);
  }
  return await accepted(first.answer);
}

export function pathWithQuery(path: string, query: RequestOptions['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function attempt(path: string, options: RequestOptions) {
  const headers: Record<string, string> = { ...(await authorization()), ...options.headers };
  const init: RequestInit = { method: options.method ?? 'GET', headers, credentials: 'same-origin' };
  if (options.signal) init.signal = options.signal;
  if (options.body instanceof FormData) init.body = options.body;
  else if (options.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  try {
    const answer = await fetch(pathWithQuery(path, options.query), init);
    noteReached();
    return { answer, authorization: headers['authorization'] };
  } catch (error) {
    if (options.signal?.aborted) throw error;
    noteUnreachable();
    throw unreachable(error);
  }
}

async function accepted(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const body = await answer.text().catch(() => '');
  throw errorFromBody(answer.status, body, answer.headers.get('x-request-id'));
}
