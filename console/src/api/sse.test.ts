import { describe, expect, it } from 'vitest';
import { readSse, type SseMessage } from './sse.ts';

async function read(pieces: (string | Uint8Array)[]): Promise<SseMessage[]> {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces)
        controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
      controller.close();
    },
  });
  const messages: SseMessage[] = [];
  for await (const message of readSse(body)) messages.push(message);
  return messages;
}

describe('reading an event stream', () => {
  it('delivers event, data and id', async () => {
    const [message] = await read(['id: 7\nevent: response.created\ndata: {"a":1}\n\n']);
    expect(message).toEqual({ kind: 'message', event: 'response.created', data: '{"a":1}', id: '7' });
  });

  it('puts events together however the network cuts them', async () => {
    const text = 'event: a\r\ndata: 一\r\n\r\nevent: b\ndata: two\ndata: lines\n\n: ping\n\ndata: [DONE]\n\n';
    const bytes = new TextEncoder().encode(text);
    const whole = await read([bytes]);
    const oneByOne = await read([...bytes].map((byte) => Uint8Array.of(byte)));
    expect(oneByOne).toEqual(whole);
    expect(whole.map((message) => message.data)).toEqual(['一', 'two\nlines', '', '[DONE]']);
    expect(whole[2]?.kind).toBe('comment');
  });

  it('does not take a carriage return at the end of a piece for a whole line end', async () => {
    const messages = await read(['data: a\r', '\ndata: b\r', '\n\r', '\n']);
    expect(messages.map((message) => message.data)).toEqual(['a\nb']);
  });

  it('never delivers an event that was cut short', async () => {
    expect(await read(['data: whole\n\n', 'data: ha'])).toHaveLength(1);
    expect(await read(['data: no blank line\n'])).toHaveLength(0);
  });

  it('keeps a multi-byte character that is split between two pieces', async () => {
    const bytes = new TextEncoder().encode('data: 药\n\n');
    const [message] = await read([bytes.slice(0, 7), bytes.slice(7)]);
    expect(message?.data).toBe('药');
  });

  it('closes the connection when its reader leaves early', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\ndata: 2\n\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const message of readSse(body)) {
      expect(message.data).toBe('1');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
