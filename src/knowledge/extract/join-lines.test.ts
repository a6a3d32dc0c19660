import { expect, it } from 'vitest';
import { joinAllLines, joinLines } from './join-lines.ts';

it('many lines become what they become one after another', () => {
  const pieces = ['中', 'a', '-', '/', ' ', 'bc', '\u2010', '，', '1', 'Z', '  ', '。'];
  let seed = 20261121;
  const below = (limit: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % limit;
  };
  for (let round = 0; round < 5_000; round++) {
    const lines = Array.from({ length: 1 + below(5) }, () =>
      Array.from({ length: below(5) }, () => pieces[below(pieces.length)]).join(''),
    );
    expect(joinAllLines(lines), JSON.stringify(lines)).toBe(lines.reduce(joinLines));
  }
});
