import { expect, test } from 'vitest';
import type { GenerationPart } from '../answers/ports.ts';
import { createAnswerReader } from './answer-reader.ts';
import { joinNothing } from './continuation.ts';

const UPSTREAM = { name: 'first', secrets: [] };

function event(content: string): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
}

test('an answer without end is ended before it fills the memory', () => {
  const reader = createAnswerReader(UPSTREAM, 'text/event-stream', joinNothing());
  const parts: GenerationPart[] = [];
  for (let count = 0; count < 10 && reader.state !== 'ended'; count++) {
    parts.push(...reader.push(event('x'.repeat(900_000))));
  }
  expect(reader.state).toBe('ended');
  expect(parts.at(-1)).toMatchObject({ type: 'end', reason: 'length' });
});

test('what came before the broken event of a chunk is not lost', () => {
  const reader = createAnswerReader(UPSTREAM, 'text/event-stream', joinNothing());
  const chunk = Buffer.concat([event('fifteen '), event('days'), Buffer.from('data: {"choices\n\n')]);
  expect(reader.push(chunk)).toEqual([{ type: 'text', text: 'fifteen days' }]);
  expect(reader.failure?.code).toBe('upstream_garbage');
});

test('thoughts and text that alternate in one chunk keep their order', () => {
  const reader = createAnswerReader(UPSTREAM, 'text/event-stream', joinNothing());
  const delta = (fields: object) => `data: ${JSON.stringify({ choices: [{ delta: fields }] })}\n\n`;
  const chunk = [{ reasoning: 'a' }, { reasoning: 'b' }, { content: 'c' }, { content: 'd' }]
    .map(delta)
    .join('');
  expect(reader.push(Buffer.from(chunk))).toEqual([
    { type: 'reasoning', text: 'ab' },
    { type: 'text', text: 'cd' },
  ]);
});

test('content that comes as a list, as Mistral sends it, is split into thoughts and text', () => {
  const reader = createAnswerReader(UPSTREAM, 'text/event-stream', joinNothing());
  const content = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'Yes.' },
  ];
  const chunk = `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
  expect(reader.push(Buffer.from(chunk))).toEqual([
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'Yes.' },
  ]);
});

test('an error under status 200 is an error', () => {
  const reader = createAnswerReader(UPSTREAM, 'application/json', joinNothing());
  reader.push(Buffer.from('{"error":{"message":"model is loading","code":503}}'));
  expect(reader.push(null)).toEqual([]);
  expect(reader.failure).toMatchObject({ code: 'upstream_failed', status: 503 });
});
