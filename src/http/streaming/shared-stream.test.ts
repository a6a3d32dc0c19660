import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import type { Run, RunEvent } from '../../runs/run.ts';
import { MAX_STALL_MS, TOLERATED_FEED_ERRORS } from '../limits.ts';
import type { Projection, StreamBreak } from './projection.ts';
import { SharedStream } from './shared-stream.ts';

/** A socket whose appetite the test decides. */
class FakeResponse extends EventEmitter {
  readonly written: string[] = [];
  takesMore = true;
  destroyed = false;
  writableEnded = false;
  writableLength = 0;

  write(text: string | Buffer): boolean {
    this.written.push(text.toString());
    return this.takesMore;
  }

  end(text: string): void {
    this.written.push(text);
    this.writableEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

/** Shows every event as `<seq>`. */
class PlainProjection implements Projection {
  isDone = false;
  projected = 0;
  open(frames: string[]): void {
    frames.push('<open>');
  }
  push(event: RunEvent, frames: string[]): void {
    this.projected += 1;
    frames.push(`<${event.seq}>`);
  }
  close(_run: Run, frames: string[]): void {
    frames.push('<close>');
  }
  breakOff({ code, lastNumber }: StreamBreak): string {
    return `<${code} after ${lastNumber}>`;
  }
}

function streamWith(...responses: FakeResponse[]): { stream: SharedStream; projection: PlainProjection } {
  const projection = new PlainProjection();
  const stream = new SharedStream(projection, () => {});
  for (const response of responses) stream.join(response as unknown as ServerResponse, 0);
  return { stream, projection };
}

const event = (seq: number) => ({ seq }) as RunEvent;

describe('one projection for all readers', () => {
  test('is made once, however many watch', () => {
    const readers = [new FakeResponse(), new FakeResponse(), new FakeResponse()];
    const { stream, projection } = streamWith(...readers);
    stream.onEvents([event(1), event(2)]);
    stream.onEnd({} as Run);
    expect(projection.projected).toBe(2);
    for (const reader of readers) expect(reader.written.join('')).toBe('<open><1><2><close>data: [DONE]\n\n');
  });

  test('a reader whose socket is full gets what it missed, in order, once it takes more', () => {
    const slow = new FakeResponse();
    const quick = new FakeResponse();
    const { stream } = streamWith(slow, quick);
    slow.takesMore = false;
    stream.onEvents([event(1)]);
    stream.onEvents([event(2)]);
    stream.onEvents([event(3)]);
    expect(slow.written.join('')).toBe('<open><1>');
    slow.takesMore = true;
    slow.emit('drain');
    stream.onEnd({} as Run);
    expect(slow.written.join('')).toBe(quick.written.join(''));
  });

  test('a reader who joins in the middle gets the frames from its number on', () => {
    const { stream } = streamWith(new FakeResponse());
    stream.onEvents([event(1), event(2)]);
    const late = new FakeResponse();
    stream.join(late as unknown as ServerResponse, 2);
    stream.onEvents([event(3)]);
    expect(late.written.join('')).toBe('<2><3>');
  });

  test('a reader ahead of the stream gets nothing twice', () => {
    const ahead = new FakeResponse();
    const { stream } = streamWith(new FakeResponse());
    stream.join(ahead as unknown as ServerResponse, 3);
    stream.onEvents([event(1), event(2), event(3)]);
    expect(ahead.written.join('')).toBe('<3>');
  });
});

describe('quiet and dead connections', () => {
  test('a quiet reader gets a comment, so that no proxy closes it', () => {
    const reader = new FakeResponse();
    const { stream } = streamWith(reader);
    stream.ping(performance.now());
    expect(reader.written.at(-1)).toBe(': ping\n\n');
  });

  test('a reader that takes nothing for a minute is cut', () => {
    const dead = new FakeResponse();
    const { stream } = streamWith(dead);
    dead.takesMore = false;
    stream.onEvents([event(1)]);
    stream.ping(performance.now());
    expect(dead.destroyed).toBe(false);
    stream.ping(performance.now() + MAX_STALL_MS + 1);
    expect(dead.destroyed).toBe(true);
  });

  test('a feed that fails for good tells its readers so by name, instead of ending their answer', () => {
    const reader = new FakeResponse();
    const { stream } = streamWith(reader);
    const away = new BudaoError('unavailable', 'ledger_unavailable', 'Away.');
    for (let count = 1; count < TOLERATED_FEED_ERRORS; count++) stream.onError(away);
    expect(reader.writableEnded).toBe(false);
    stream.onError(away);
    expect(reader.written.at(-1)).toBe('<ledger_unavailable after 0>');
    expect(reader.writableEnded).toBe(true);
    expect(reader.written.join('')).not.toContain('[DONE]');
  });

  test('who is sent elsewhere hears behind which of its own frames to go on, and nothing more', () => {
    const [quick, slow, ahead] = [new FakeResponse(), new FakeResponse(), new FakeResponse()];
    const { stream } = streamWith(quick, slow);
    stream.join(ahead as unknown as ServerResponse, 7);
    slow.takesMore = false;
    stream.onEvents([event(1)]);
    stream.onEvents([event(2)]);
    stream.breakOff(new BudaoError('unavailable', 'server_leaving', 'Leaving.'));
    stream.onEvents([event(3)]);
    expect(quick.written.join('')).toBe('<open><1><2><server_leaving after 2>');
    expect(slow.written.join('')).toBe('<open><1><server_leaving after 1>');
    expect(ahead.written.join('')).toBe('<server_leaving after 6>');
  });
});
