/** Amounts in a text, and the ways in which an answer may write them. */
import { parseChineseNumeral } from '../../knowledge/text/numerals.ts';

export interface Figure {
  /** As it stands in the text: 十五日, 300元, 30 days. */
  text: string;
  number: string;
  unit: string;
  start: number;
}

const UNITS =
  '个?工作日|个?小时|分钟|个月|周岁|平方米|万元|亿元|公里|%|％|[日天年周岁元人名倍次]|yuan|days?|months?|years?|hours?|minutes?|times|percent';
const FIGURE = new RegExp(
  `(?<![\\d.零〇一二两三四五六七八九十百千万第])(\\d+(?:,\\d{3})*(?:\\.\\d+)?|[一二两三四五六七八九十][零〇一二三四五六七八九十百千]{0,6})(\\s?)(${UNITS})(?![\\d月])`,
  'giu',
);
const SAME_UNITS = [
  ['日', '天'],
  ['个工作日', '工作日'],
  ['个小时', '小时'],
  ['名', '人'],
  ['%', '％'],
];
const DIGITS = '零一二三四五六七八九';

export function figuresIn(text: string): Figure[] {
  return [...text.matchAll(FIGURE)].map((match) => ({
    text: match[0],
    number: match[1] as string,
    unit: match[3] as string,
    start: match.index,
  }));
}

/** The figure's own spelling first, then with the other numerals and with units that say the same. */
export function formsOf({ text, number, unit }: Figure): string[] {
  const forms = [text];
  const units = SAME_UNITS.find((same) => same.includes(unit)) ?? [unit];
  const isLatin = /^[a-z]/iu.test(unit);
  for (const spelled of isLatin ? [number] : spellings(number)) {
    for (const one of units) forms.push(isLatin ? `${spelled} ${one}` : `${spelled}${one}`);
  }
  return [...new Set(forms)];
}

function spellings(number: string): string[] {
  const plain = number.replaceAll(',', '');
  if (/^\d+$/u.test(plain)) {
    const value = Number(plain);
    return value > 0 && value < 100 ? [number, plain, chinese(value)] : [number, plain];
  }
  const value = parseChineseNumeral(number);
  return value === null ? [number] : [number, String(value)];
}

function chinese(value: number): string {
  const tens = Math.floor(value / 10);
  const ones = value % 10;
  if (tens === 0) return DIGITS[ones] as string;
  return `${tens === 1 ? '' : DIGITS[tens]}十${ones === 0 ? '' : DIGITS[ones]}`;
}
