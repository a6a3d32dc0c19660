import { expect, it } from 'vitest';
import { detectDelimiter } from './csv.ts';

it.each([
  ['a,b,c\n1,2,3\n', ','],
  ['a;b;c\n"x,y";2,5;3\n', ';'],
  ['a\tb\n1\t2,5\n', '\t'],
  ['姓名，电话\n王工，6001\n', '，'],
  ['only\none\ncolumn\n', ','],
  ['', ','],
])('finds what divides %j', (text, delimiter) => {
  expect(detectDelimiter(text)).toBe(delimiter);
});
