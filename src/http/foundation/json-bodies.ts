import type { FastifyInstance } from 'fastify';
import { BudaoError } from '../../contract/errors.ts';
import { MAX_BODY_DEPTH } from '../limits.ts';
import { refuseNul } from './refuse-nul.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** JSON bodies; an empty one is no body, as clients send it with a POST that needs none. */
export function registerJsonBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** @throws BudaoError invalid_encoding, invalid_json, invalid_value */
function parseJsonBody(body: Buffer): unknown {
  const text = decode(body);
  if (text.trim() === '') return undefined;
  if (isDeeperThan(body, MAX_BODY_DEPTH)) {
    throw new BudaoError(
      'invalid',
      'invalid_json',
      `The request body is nested too deeply; at most ${MAX_BODY_DEPTH} levels are taken.`,
    );
  }
  const value = parse(text);
  // JSON has no other way to write one, so that few bodies are walked.
  if (text.includes('\\u0000')) refuseNul(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new BudaoError('invalid', 'invalid_json', `The request body is not valid JSON: ${message}.`);
  }
}

/** Other encodings are refused: guessing would store another question than was asked. */
function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new BudaoError(
      'invalid',
      'invalid_encoding',
      'The request body is not valid UTF-8. Encode the JSON as UTF-8 and send it again.',
    );
  }
}

/** Counted on the bytes, because parsing a million brackets takes half a second. */
function isDeeperThan(json: Buffer, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) at = endOfString(json, at);
    else if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte)) depth--;
    if (depth > limit) return true;
  }
  return false;
}

/** The closing quote of the string that begins at `start`. */
function endOfString(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++;
    else if (json[at] === QUOTE) return at;
  }
  return json.length;
}
