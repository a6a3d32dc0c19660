/** Answers of systems whose streams have no numbers and cannot be taken up again: what breaks is lost. */
import { createSseParser } from '../../models/sse-parser.ts';
import { describe, type HttpClient, type HttpRequest, TargetError } from './http-client.ts';
import type { AnswerWatcher, FollowedAnswer } from './target.ts';

const LIMITS = { maxLineBytes: 4 * 1024 * 1024, maxEventBytes: 8 * 1024 * 1024 };

export interface TextStream {
  path: string;
  request: HttpRequest;
  watcher: AnswerWatcher;
  /** Null where the system keeps no questions. Told with the first text: then somebody has seen that it was taken. */
  acknowledgedAs: string | null;
  /** Says what one payload of the stream brings. */
  read(payload: string): { text?: string; isEnd?: boolean; error?: string };
  /** Whether a stream that closes without saying that it ends has ended well. */
  mayJustClose: boolean;
}

export async function followText(client: HttpClient, stream: TextStream): Promise<FollowedAnswer> {
  const { watcher, acknowledgedAs } = stream;
  const response = await client.open(stream.path, stream.request);
  if (!response.ok || response.body === null)
    throw new TargetError(`${response.status} ${await response.text()}`, response.status);
  let [text, status] = ['', ''];
  const take = (payload: string): void => {
    const { text: piece = '', isEnd = false, error } = stream.read(payload);
    if (piece !== '') {
      if (text === '' && acknowledgedAs !== null) watcher.onAcknowledged(acknowledgedAs);
      text += piece;
      watcher.onPiece({ sequence: -1, text: piece });
    }
    if (error !== undefined) status = 'failed';
    else if (isEnd) status ||= 'completed';
  };
  const parser = createSseParser(LIMITS);
  try {
    for await (const chunk of response.body)
      for (const payload of parser.push(Buffer.from(chunk))) take(payload);
    for (const payload of parser.finish()) take(payload);
    if (stream.mayJustClose && text !== '') status ||= 'completed';
  } catch (error) {
    if (text === '') throw new TargetError(describe(error), null, error);
  }
  const counts = { connections: 1, duplicated: 0, cut: 0 };
  return { ...counts, status: status || 'lost', mode: null, text, isWhole: null };
}

export function parseOr<T>(payload: string, otherwise: T): T {
  try {
    return JSON.parse(payload) as T;
  } catch {
    return otherwise;
  }
}
