import { expect, it } from 'vitest';
import { markdownInline } from './markdown-inline.ts';

it.each([
  ['**粗***斜*文字', '粗斜文字'],
  ['***both*** and ~~gone~~', 'both and gone'],
  ['snake_case_name and _stress_', 'snake_case_name and stress'],
  ['`a * b * c` stays', 'a * b * c stays'],
  ['2 * 3 * 4', '2 * 3 * 4'],
  [String.raw`\*literal\*`, '*literal*'],
  ['[手册](a_(1).md "t") ![图](b.png)', '手册 图'],
  ['[ref][1] and note[^2]', 'ref and note'],
  ['<https://example.org/a_b_c>', 'https://example.org/a_b_c'],
  ['H<sub>2</sub>O &lt; 5 &amp; a < b', 'H2O < 5 & a < b'],
  ['[第三条]规定', '[第三条]规定'],
])('%s reads %s', (source, text) => {
  expect(markdownInline(source)).toBe(text);
});

it.each([
  ['backticks', '`'.repeat(100_000)],
  ['opened footnotes', '[^a'.repeat(200_000)],
  ['opened addresses', '<http:'.repeat(100_000)],
])('reads a line of nothing but %s in one pass, as it stands', (_, line) => {
  expect(markdownInline(line)).toBe(line);
});
