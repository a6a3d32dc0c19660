import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HintPacer } from './hint-pacer.ts';

let passed: string[];
let pacer: HintPacer;
beforeEach(() => {
  vi.useFakeTimers();
  passed = [];
  pacer = new HintPacer((topic) => passed.push(topic));
});
afterEach(() => {
  pacer[Symbol.dispose]();
  vi.useRealTimers();
});

test('a single hint is passed on at once', () => {
  pacer.add('a');
  expect(passed).toEqual(['a']);
});

test('a thousand runs that move at once do not flood their followers, and none is forgotten', () => {
  const topics = [...Array(1_000).keys()].map(String);
  for (let round = 0; round < 5; round++) for (const topic of topics) pacer.add(topic);
  expect(passed.length).toBeLessThan(100);
  vi.advanceTimersByTime(1_000);
  expect(passed.length).toBeLessThan(600);
  vi.advanceTimersByTime(2_000);
  expect(new Set(passed)).toEqual(new Set(topics));
});

test('a hint that comes while another of its topic waits joins it', () => {
  pacer.add('first');
  for (let time = 0; time < 10; time++) pacer.add('a');
  vi.advanceTimersByTime(1_000);
  expect(passed).toEqual(['first', 'a']);
});
