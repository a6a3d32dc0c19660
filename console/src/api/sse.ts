/** One server-sent event. Comments carry no data: they only show that the connection lives. */
export interface SseMessage {
  kind: 'message' | 'comment';
  event: string;
  data: string;
  id: string | null;
}

const maxLineLength = 16 * 1024 * 1024;

/** Reads `text/event-stream` as the HTML standard defines it; an event that is cut short is never delivered. */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseMessage> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Leaving the loop early closes the connection.
    await reader.cancel().catch(() => undefined);
  }
}

class SseParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  *push(text: string): Generator<SseMessage> {
    this.#rest += text;
    let from = 0;
    for (;;) {
      const end = indexOfLineEnd(this.#rest, from);
      if (end === -1) break;
      // A carriage return at the very end may be half of a CRLF: wait for the next piece.
      if (this.#rest[end] === '\r' && end + 1 === this.#rest.length) break;
      const line = this.#rest.slice(from, end);
      from = end + (this.#rest.startsWith('\r\n', end) ? 2 : 1);
      const message = this.#takeLine(line);
      if (message !== null) yield message;
    }
    this.#rest = this.#rest.slice(from);
    if (this.#rest.length > maxLineLength) throw new Error('A line of the event stream is too long.');
  }

  #takeLine(line: string): SseMessage | null {
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return { kind: 'comment', event: '', data: '', id: null };
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    return null;
  }

  #dispatch(): SseMessage | null {
    const message: SseMessage | null =
      this.#data.length === 0
        ? null
        : { kind: 'message', event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    this.#event = '';
    this.#data = [];
    return message;
  }
}

function indexOfLineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  const carriage = text.indexOf('\r', from);
  if (feed === -1) return carriage;
  return carriage === -1 ? feed : Math.min(feed, carriage);
}
