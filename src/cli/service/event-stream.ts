import type { Readable } from 'node:stream';
import { createSseParser } from '../../models/sse-parser.ts';

/** A whole answer may come in one event. */
const LIMITS = { maxLineBytes: 64 * 1024 * 1024, maxEventBytes: 64 * 1024 * 1024 };

/** The JSON payloads of a stream of server-sent events. Throws when the connection breaks. */
export async function* readEvents<Event>(body: Readable): AsyncGenerator<Event> {
  const parser = createSseParser(LIMITS);
  for await (const chunk of body) {
    for (const payload of parser.push(chunk as Buffer)) {
      if (payload !== '[DONE]') yield JSON.parse(payload) as Event;
    }
  }
}
