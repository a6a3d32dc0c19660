import type { Agent } from 'undici';
import { notDelivered, refused } from './notifier.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** The receiver may take it later. */
const PASSING_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
/** What a receiver says may be long, and is shown to a person. */
const MAX_QUOTED_CHARACTERS = 200;

/** One agent for all: no connection is kept for long, because messages are rare. */
let agent: Agent | null = null;

export interface JsonPost {
  /** Holds keys: never part of an error or a log. */
  url: string;
  body: string;
  headers?: Record<string, string>;
  signal: AbortSignal;
}

/** Posts JSON and gives back what the receiver answered. Follows no redirect: it would carry the message elsewhere. */
export async function postJson({ url, body, headers, signal }: JsonPost): Promise<string> {
  let status: number;
  let text: string;
  // Loaded with the first message: most processes send none.
  const { Agent, request } = await import('undici');
  agent ??= new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
    keepAliveTimeout: 1_000,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Budao', ...headers },
      body,
      dispatcher: agent,
      signal,
    });
    status = response.statusCode;
    text = await response.body.text();
  } catch (error) {
    signal.throwIfAborted();
    throw notDelivered(`${new URL(url).host} ${reasonOf(error)}.`, withoutAddress(error));
  }
  if (status >= 200 && status < 300) return text;
  const said = `${new URL(url).host} answered with status ${status}${quote(text)}.`;
  throw PASSING_STATUS.has(status) ? notDelivered(said) : refused(said);
}

export function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_QUOTED_CHARACTERS);
  return line === '' ? '' : ` (${line})`;
}

function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string };
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has no address that this machine can find';
    case 'ECONNREFUSED':
      return 'takes no connections';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'ETIMEDOUT':
      return 'did not answer in time';
    default:
      return `could not be reached (${code ?? name ?? 'unknown'})`;
  }
}

/** Errors of the network may quote the whole address with its keys. */
function withoutAddress(error: unknown): unknown {
  const { code, name } = error as { code?: string; name?: string };
  return { code, name };
}
