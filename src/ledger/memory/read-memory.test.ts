import { describe, expect, test } from 'vitest';
import { ReadMemory } from './read-memory.ts';

const KEY = 'SELECT role FROM api_key WHERE key_hash = :hash';
const ITEMS = 'SELECT text FROM conversation_item WHERE workspace_id = :workspace';
const MAX_AGE_MS = 1_000;

class TestClock {
  monotonicMs = 10_000;
  wallMs = 1_700_000_000_000;
  pass(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }
  readonly now = () => ({ monotonicMs: this.monotonicMs, wallMs: this.wallMs });
}

function memoryOf(maxBytes = 1024 * 1024): { memory: ReadMemory; clock: TestClock } {
  const clock = new TestClock();
  return { memory: new ReadMemory({ maxAgeMs: MAX_AGE_MS, maxBytes, clock: clock.now }), clock };
}

function learn(memory: ReadMemory, statement: string, params: Record<string, string>, text: string): void {
  memory.remember('all', statement, params, { rows: [{ text }], askedAt: memory.moment() });
}

const textOf = (memory: ReadMemory, statement: string, params: Record<string, string>) =>
  memory.recall('all', statement, params)?.rows[0]?.text ?? null;

describe('what the ledger answered lately', () => {
  test('is given out for the declared time and no longer', () => {
    const { memory, clock } = memoryOf();
    learn(memory, KEY, { hash: 'a' }, 'reader');
    clock.pass(MAX_AGE_MS - 1);
    expect(textOf(memory, KEY, { hash: 'a' })).toBe('reader');
    clock.pass(1);
    expect(textOf(memory, KEY, { hash: 'a' })).toBeNull();
    expect(memory.size).toEqual({ entries: 0, bytes: 0 });
  });

  test('grows old while the machine sleeps, and when its clock is set back', () => {
    const { memory, clock } = memoryOf();
    learn(memory, KEY, { hash: 'a' }, 'asleep');
    clock.wallMs += MAX_AGE_MS;
    expect(textOf(memory, KEY, { hash: 'a' })).toBeNull();
    learn(memory, KEY, { hash: 'a' }, 'set back');
    clock.wallMs -= 60 * MAX_AGE_MS;
    clock.monotonicMs += MAX_AGE_MS;
    expect(textOf(memory, KEY, { hash: 'a' })).toBeNull();
  });

  test('is nobody else’s: other parameters are another question', () => {
    const { memory } = memoryOf();
    learn(memory, ITEMS, { workspace: 'one' }, 'secret');
    expect(textOf(memory, ITEMS, { workspace: 'two' })).toBeNull();
  });

  test('is bounded: what was not read for longest gives way, and one answer never takes it all', () => {
    const { memory } = memoryOf(64 * 1024);
    for (let index = 0; index < 500; index++)
      learn(memory, ITEMS, { workspace: `w${index}` }, 'x'.repeat(500));
    expect(memory.size.bytes).toBeLessThanOrEqual(64 * 1024);
    expect(textOf(memory, ITEMS, { workspace: 'w0' })).toBeNull();
    expect(textOf(memory, ITEMS, { workspace: 'w499' })).not.toBeNull();
    learn(memory, ITEMS, { workspace: 'huge' }, 'x'.repeat(40_000));
    expect(textOf(memory, ITEMS, { workspace: 'huge' })).toBeNull();
    expect(textOf(memory, ITEMS, { workspace: 'w499' })).not.toBeNull();
  });

  test('is not replaced by an answer that was asked for earlier and came later', () => {
    const { memory, clock } = memoryOf();
    const early = memory.moment();
    clock.pass(1);
    learn(memory, KEY, { hash: 'a' }, 'new');
    memory.remember('all', KEY, { hash: 'a' }, { rows: [{ text: 'old' }], askedAt: early });
    expect(textOf(memory, KEY, { hash: 'a' })).toBe('new');
  });

  test('is forgotten by table and workspace, together with answers that are still on their way', () => {
    const { memory, clock } = memoryOf();
    learn(memory, ITEMS, { workspace: 'one' }, 'one');
    learn(memory, ITEMS, { workspace: 'two' }, 'two');
    learn(memory, KEY, { hash: 'a' }, 'key');
    const underway = memory.moment();
    clock.pass(1);
    memory.forget('conversation_item', 'one');
    expect(textOf(memory, ITEMS, { workspace: 'one' })).toBeNull();
    expect(textOf(memory, ITEMS, { workspace: 'two' })).toBe('two');
    memory.forget('api_key', 'one');
    expect(textOf(memory, KEY, { hash: 'a' })).toBeNull();
    memory.remember('all', KEY, { hash: 'a' }, { rows: [{ text: 'before' }], askedAt: underway });
    expect(textOf(memory, KEY, { hash: 'a' })).toBeNull();
  });

  test('cannot be spoilt by who was given it', () => {
    const { memory } = memoryOf();
    learn(memory, KEY, { hash: 'a' }, 'reader');
    const [row] = memory.recall('all', KEY, { hash: 'a' })?.rows ?? [];
    if (row !== undefined) row.text = 'owner';
    expect(textOf(memory, KEY, { hash: 'a' })).toBe('reader');
  });
});
