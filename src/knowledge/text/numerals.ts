/** Reads Chinese numerals as numbers, so that 三十日 and 30日 meet in the index. */

const DIGITS: Record<string, number> = {
  零: 0,
  〇: 0,
  一: 1,
  二: 2,
  两: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
  仨: 3,
  俩: 2,
};
const SMALL_UNITS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 };
const LARGE_UNITS: Record<string, number> = { 万: 10_000, 亿: 100_000_000 };

/** Characters that a Chinese numeral is made of, for use inside a regular expression class. */
export const NUMERAL_CLASS = '零〇一二两三四五六七八九十百千万亿仨俩';

/** The value of `三百六十五` or `二〇二四`; null where the characters make no number. */
export function parseChineseNumeral(text: string): number | null {
  if (text.length === 0) return null;
  if ([...text].every((character) => character in DIGITS)) {
    const digits = [...text].map((character) => DIGITS[character]).join('');
    return digits.length > 15 ? null : Number(digits);
  }
  let total = 0;
  let section = 0;
  let digit: number | null = null;
  let smallestLarge = 0;
  for (const character of text) {
    const value = DIGITS[character];
    const small = SMALL_UNITS[character];
    const large = LARGE_UNITS[character];
    if (value !== undefined) {
      digit = value;
    } else if (small !== undefined) {
      section += (digit ?? 1) * small;
      digit = null;
    } else if (large !== undefined) {
      const before = section + (digit ?? 0);
      // 三万亿 multiplies what came before, 一亿二千万 adds to it.
      total = large > smallestLarge ? (total + before || 1) * large : total + (before || 1) * large;
      smallestLarge = large;
      section = 0;
      digit = null;
    } else {
      return null;
    }
  }
  return total + section + (digit ?? 0);
}
