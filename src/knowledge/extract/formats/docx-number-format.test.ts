import { expect, it } from 'vitest';
import { formatNumber } from './docx-number-format.ts';

it.each([
  [1, 'chineseCounting', '一'],
  [10, 'chineseCountingThousand', '十'],
  [21, 'chineseCountingThousand', '二十一'],
  [105, 'chineseCountingThousand', '一百零五'],
  [1010, 'chineseCountingThousand', '一千零一十'],
  [12, 'chineseLegalSimplified', '壹拾贰'],
  [3, 'ideographTraditional', '丙'],
  [28, 'lowerLetter', 'bb'],
  [1994, 'upperRoman', 'MCMXCIV'],
  [7, 'decimalEnclosedCircle', '⑦'],
  [4, 'decimalZero', '04'],
  [9, 'unheardOf', '9'],
])('an article that Word numbers %i in %s reads %s, as it is cited', (value, format, expected) => {
  expect(formatNumber(value, format)).toBe(expected);
});
