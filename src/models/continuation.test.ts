import { describe, expect, test } from 'vitest';
import { createRandom, randomText, splitRandomly } from '../drills/model/random-text.ts';
import { cutPrefix, type Joiner, joinContinued, joinRegenerated } from './continuation.ts';

const SEED = 20_261_121;
const CASES = 500;

function join(joiner: Joiner, pieces: readonly string[]): { text: string; departed: boolean } {
  let text = '';
  for (const piece of pieces) text += joiner.push(piece);
  const end = joiner.finish();
  return { text: text + end.text, departed: end.departed };
}

/** What a deterministic upstream sends when it is asked to continue `head` of `full`. */
const UPSTREAMS: Record<string, (full: string, head: string) => string> = {
  'goes on after the head': (full, head) => full.slice(head.length),
  'echoes all of it': (full) => full,
  'echoes the last 60 characters': (full, head) => full.slice(Math.max(0, head.length - 60)),
  'echoes and drops the white space at the seam': (full, head) => head + full.slice(head.length).trimStart(),
};

describe(`a deterministic upstream never loses nor doubles a character (seed ${SEED})`, () => {
  for (const [behaviour, answer] of Object.entries(UPSTREAMS)) {
    test(`${behaviour}`, () => {
      const random = createRandom(SEED);
      for (let count = 0; count < CASES; count++) {
        const full = randomText(random, 20 + Math.floor(random() * 600));
        const shown = full.slice(0, 3 + Math.floor(random() * (full.length - 3)));
        const { head, tail } = cutPrefix(shown);
        if (behaviour.includes('white space') && tail === '') continue;
        // An echo of one or two characters cannot be told from a doubled letter.
        if (behaviour.includes('echoes') && head.length < 3) continue;
        const sent = answer(full, head);
        const got = join(joinContinued(shown), splitRandomly(random, sent));
        const wanted = behaviour.includes('white space') ? shown + full.slice(head.length).trimStart() : full;
        expect(shown + got.text, `case ${count}`).toBe(wanted);
        expect(got.departed).toBe(false);
      }
    });
  }

  test('writes the answer anew from the start', () => {
    const random = createRandom(SEED);
    for (let count = 0; count < CASES; count++) {
      const full = randomText(random, 5 + Math.floor(random() * 600));
      const shown = full.slice(0, Math.floor(random() * (full.length + 1)));
      const got = join(joinRegenerated(shown), splitRandomly(random, full));
      expect(shown + got.text, `case ${count}`).toBe(full);
      expect(got.departed).toBe(false);
    }
  });

  test('repeats itself, but was asked to start anew', () => {
    for (const full of ['哈哈哈哈哈哈哈哈', 'na na na na na na na na na', '| --- | --- | --- | --- |']) {
      for (let cut = 0; cut <= full.length; cut++) {
        const got = join(joinRegenerated(full.slice(0, cut)), [...full]);
        expect(full.slice(0, cut) + got.text).toBe(full);
      }
    }
  });
});

describe('an upstream that words it differently', () => {
  const shown = '员工每年享有十五天年假。申请须提前两周提交。';
  const cases: { name: string; upstream: string; text: string; departed: boolean }[] = [
    {
      name: 'goes on after the last shown sentence',
      upstream: '每年有十五天年假。申请须提前两周提交。主管在三日内批复。',
      text: '主管在三日内批复。',
      departed: false,
    },
    { name: 'never comes back', upstream: '年假制度如下：一、十五天；二、两周。', text: '', departed: true },
    { name: 'stops before what is shown', upstream: '员工每年享有十五天', text: '', departed: true },
    { name: 'ends exactly where the shown text ends', upstream: shown, text: '', departed: false },
  ];
  for (const { name, upstream, text, departed } of cases) {
    test(`${name}`, () => {
      expect(join(joinRegenerated(shown), [...upstream])).toEqual({ text, departed });
    });
  }

  test('gives up on a text that runs on without coming back', () => {
    const joiner = joinRegenerated(shown);
    expect(joiner.push('完全不同的内容，'.repeat(400))).toBe('');
    expect(joiner.gaveUp).toBe(true);
    expect(joiner.finish()).toEqual({ text: '', departed: true });
  });

  test('that ignores the continuation flags and departs is taken for a new text, not for a continuation', () => {
    const long = 'Annual leave is fifteen days. Apply two weeks ahead. The manager answers within three days';
    const anew =
      'Annual leave is fifteen days. Ask two weeks ahead. The manager answers within three days, at most.';
    expect(join(joinContinued(long), [...anew])).toEqual({ text: ', at most.', departed: false });
  });
});

describe('what looks like an echo and is none', () => {
  const cases: [string, string, string][] = [
    ['a doubled letter at the seam', 'hel', 'lo world'],
    ['a doubled word at the seam', '一点', '点燃'],
    [
      'a table border',
      '| a | b | c | d |\n| --- | --- | --- | --- | --- | ---',
      ' | --- | --- | --- | --- |\n| 1',
    ],
    ['the same word again, at the very end', 'It ends with the end of the line', 'the line'],
  ];
  for (const [name, shown, rest] of cases) {
    test(`${name}`, () =>
      expect(join(joinContinued(shown), [...rest])).toEqual({ text: rest, departed: false }));
  }
});

test('white space at the seam that is already shown is not shown again', () => {
  expect(join(joinContinued('First line.\n'), ['\n', '\n- item']).text).toBe('\n- item');
  expect(join(joinContinued('The leave is '), [' fifteen']).text).toBe('fifteen');
  expect(join(joinContinued('The leave is '), ['fifteen']).text).toBe('fifteen');
});
