import { expect, test } from 'vitest';
import { createThinkSplitter } from './think-splitter.ts';

function split(pieces: readonly string[]): { reasoning: string; text: string } {
  const splitter = createThinkSplitter();
  const parts = [...pieces.map((piece) => splitter.push(piece)), splitter.finish()];
  return {
    reasoning: parts.map((part) => part.reasoning).join(''),
    text: parts.map((part) => part.text).join(''),
  };
}

const CASES: [name: string, content: string, reasoning: string, text: string][] = [
  [
    'thoughts and an answer',
    '<think>Let me <b>see</b>.</think>\n\nFifteen days.',
    'Let me <b>see</b>.',
    'Fifteen days.',
  ],
  ['white space before the tag', '\n <think>hm</think>Yes', 'hm', 'Yes'],
  ['no thoughts', ' Fifteen days.', '', ' Fifteen days.'],
  ['a tag later on is text', 'Write <think>x</think>.', '', 'Write <think>x</think>.'],
  ['almost a tag', '<thinking> is text', '', '<thinking> is text'],
  ['thoughts without an end', '<think>and so on </thi', 'and so on </thi', ''],
  ['empty thoughts', '<think>\n</think>\n\n好的', '\n', '好的'],
  ['a stump of a tag', '<thi', '', '<thi'],
];

for (const [name, content, reasoning, text] of CASES) {
  test(`${name}: the reader sees the answer and not the thoughts, however it is cut`, () => {
    expect(split([content])).toEqual({ reasoning, text });
    expect(split([...content])).toEqual({ reasoning, text });
    for (let cut = 0; cut <= content.length; cut++) {
      expect(split([content.slice(0, cut), content.slice(cut)])).toEqual({ reasoning, text });
    }
  });
}
