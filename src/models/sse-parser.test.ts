import { describe, expect, test } from 'vitest';
import { createRandom } from '../drills/model/random-text.ts';
import { createSseParser, SseLimitError } from './sse-parser.ts';

const LIMITS = { maxLineBytes: 1_000, maxEventBytes: 2_000 };

function parse(chunks: readonly (Buffer | string)[]): string[] {
  const parser = createSseParser(LIMITS);
  const events = chunks.flatMap((chunk) => parser.push(Buffer.from(chunk)));
  return [...events, ...parser.finish()];
}

describe('events come out whole', () => {
  const cases: [name: string, stream: string, events: string[]][] = [
    ['line feeds', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['lone CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['several data lines', 'data: a\ndata:b\ndata:\ndata:  c\n\n', ['a\nb\n\n c']],
    ['several data lines with CRLF', 'data: a\r\ndata: b\r\n\r\n', ['a\nb']],
    ['comments and other fields', ': ping\nevent: x\nid: 7\nretry: 5\ndata: a\ndatabase: no\n\n', ['a']],
    ['a field name alone', 'data\n\n', ['']],
    ['blank lines without data', '\n\n\n: ping\n\n', []],
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['a last event without its blank line', 'data: a\n\ndata: [DONE]', ['a', '[DONE]']],
    ['characters of two, three and four bytes', 'data: é不倒🙂\r\n\r\ndata: 翁\n\n', ['é不倒🙂', '翁']],
  ];
  for (const [name, stream, events] of cases) {
    test(`${name}`, () => {
      expect(parse([stream])).toEqual(events);
      expect(parse([...Buffer.from(stream)].map((byte) => Buffer.from([byte])))).toEqual(events);
      const random = createRandom(7);
      for (let round = 0; round < 50; round++) {
        const bytes = Buffer.from(stream);
        const cut = Math.floor(random() * bytes.length);
        expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(events);
      }
    });
  }
});

test('a line without end is refused instead of filling the memory', () => {
  const parser = createSseParser(LIMITS);
  expect(() => {
    for (let count = 0; count < 100; count++) parser.push(Buffer.alloc(100, 'x'));
  }).toThrow(SseLimitError);
});

test('an event of endless lines is refused', () => {
  const parser = createSseParser(LIMITS);
  expect(() => {
    for (let count = 0; count < 100; count++) parser.push(Buffer.from(`data: ${'x'.repeat(90)}\n`));
  }).toThrow(SseLimitError);
});
