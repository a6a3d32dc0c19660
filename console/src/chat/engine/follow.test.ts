import { describe, expect, it } from 'vitest';
import { ApiError, unreachable } from '../../api/api-error.ts';
import type { StreamEvent } from '../../api/types.ts';
import { isFinished } from './answer.ts';
import { AnswerStore } from './answer-store.ts';
import { backOff, type FollowPorts, followAnswer } from './follow.ts';

/** What one connection brings: events, then a clean end, a loss, or a refusal to open. */
type Connection = { events: StreamEvent[]; end: 'clean' | 'lost' | 'done' } | { error: Error };

const ID = 'resp_1';
const delta = (sequence_number: number, text: string): StreamEvent => ({
  type: 'response.output_text.delta',
  sequence_number,
  delta: text,
});
const completed = (sequence_number: number, text: string): StreamEvent => ({
  type: 'response.completed',
  sequence_number,
  response: {
    id: ID,
    status: 'completed',
    output: [{ id: 'm', type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
  },
});

function bodyOf(connection: Exclude<Connection, { error: Error }>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const frames = connection.events.map((event) => encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
  if (connection.end === 'done') frames.push(encoder.encode('data: [DONE]\n\n'));
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const frame = frames.shift();
      if (frame !== undefined) controller.enqueue(frame);
      else if (connection.end === 'lost') controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
}

function harness(connections: Connection[], overrides: Partial<FollowPorts> = {}) {
  const answers = new AnswerStore((work) => work());
  const opened: (number | null)[] = [];
  const waits: number[] = [];
  const states: string[] = [];
  const ports: FollowPorts = {
    open: async () => {
      opened.push(answers.latest(ID).lastSeq);
      const next = connections.shift();
      if (next === undefined) throw new Error('Opened once too often.');
      if ('error' in next) throw next.error;
      return bodyOf(next);
    },
    settle: async () => {},
    isFinished: () => isFinished(answers.latest(ID)),
    onEvent: (event) => answers.apply(ID, event),
    onConnection: (state) => {
      if (states.at(-1) !== state) states.push(state);
    },
    mayRetry: (error) => !(error instanceof ApiError) || error.isPassing,
    wait: async (delayMs) => {
      waits.push(delayMs);
    },
    random: () => 1,
    ...overrides,
  };
  const run = (signal = new AbortController().signal) => followAnswer(ports, signal);
  return { answers, opened, waits, states, run };
}

describe('following an answer', () => {
  it('goes on after the last event when a connection is lost', async () => {
    const { answers, opened, states, run } = harness([
      { events: [delta(1, 'ab'), delta(2, 'cd')], end: 'lost' },
      { events: [delta(3, 'ef'), completed(4, 'abcdef')], end: 'done' },
    ]);
    await run();
    expect(answers.latest(ID).text).toBe('abcdef');
    expect(opened).toEqual([null, 2]);
    expect(states).toEqual(['live', 'broken', 'live']);
  });

  it('shows nothing twice when a server replays from the beginning', async () => {
    const { answers, run } = harness([
      { events: [delta(1, 'ab')], end: 'clean' },
      { events: [delta(1, 'ab'), delta(2, 'cd')], end: 'lost' },
      { events: [delta(1, 'ab'), delta(2, 'cd'), completed(3, 'abcd')], end: 'done' },
    ]);
    const seen = new Set<string>();
    answers.shown(ID).subscribe(() => seen.add(answers.shown(ID).get().text));
    await run();
    expect([...seen]).toEqual(['ab', 'abcd']);
  });

  it('waits longer after each failure in a row and starts over after progress', async () => {
    const { waits, run } = harness([
      { error: unreachable(null) },
      { error: unreachable(null) },
      { events: [delta(1, 'a')], end: 'lost' },
      { events: [completed(2, 'a')], end: 'done' },
    ]);
    await run();
    expect(waits).toEqual([backOff(1, 1), backOff(2, 1), backOff(0, 1)]);
    expect(backOff(1, 1)).toBeLessThan(backOff(2, 1));
  });

  it('never waits more than five seconds, and never the same for everyone', () => {
    expect(backOff(40, 1)).toBe(5_000);
    expect(backOff(40, 0)).toBe(2_500);
  });

  it('stops asking when the server refuses for good', async () => {
    const gone = new ApiError(404, 'response_not_found', 'No such response.');
    const { opened, run } = harness([{ error: gone }]);
    await expect(run()).rejects.toBe(gone);
    expect(opened).toHaveLength(1);
  });

  it('asks for the finished state when a stream is done without saying how it ended', async () => {
    const held = harness([{ events: [delta(1, 'ab')], end: 'done' }], {
      settle: async () => held.answers.apply(ID, completed(2, 'abcd')),
    });
    await held.run();
    expect(held.answers.latest(ID).text).toBe('abcd');
  });

  it('ends when it is told to, without another connection', async () => {
    const stop = new AbortController();
    const { opened, run } = harness([{ events: [delta(1, 'a')], end: 'lost' }], {
      wait: async () => stop.abort(new Error('left')),
    });
    await expect(run(stop.signal)).rejects.toThrow('left');
    expect(opened).toHaveLength(1);
  });
});
