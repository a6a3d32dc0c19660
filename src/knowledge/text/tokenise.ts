/**
 * Cuts normalised text into index terms: single Han characters and pairs of them, stemmed English words, whole
 * numbers, amounts with their unit (`30日` for 30日, 三十日 and 30天 alike), article numbers (`第19条`) and
 * identifiers (`cve-2024-1`, with their parts).
 */
import { isEnglishStopWord, stemEnglish } from './english.ts';
import { NUMERAL_CLASS, parseChineseNumeral } from './numerals.ts';

/** Part of the index generation: terms of different versions never meet in one index. */
export const ANALYZER_VERSION = 'ngram-1';

/** Longer terms are cut, so that a line of base64 cannot fill the dictionary. */
const MAX_TERM_CHARACTERS = 40;

const CJK = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}〇ー]`;
const LETTER = String.raw`[[\p{L}\p{N}]--${CJK}]`;
const RUN = new RegExp(
  [
    `(?<cjk>${CJK}+)`,
    String.raw`(?<number>\d+(?:,\d{3})+(?:\.\d+)?%?|\d+(?:\.\d+)?%?)(?!${LETTER}|[.\-_+\/@]${LETTER})`,
    String.raw`(?<word>${LETTER}+(?:[.\-_+\/@&'’]${LETTER}+)*[+#]*)`,
  ].join('|'),
  'gv',
);

const UNIT =
  '个?工作日|个?小时|分钟|个?月|周岁|公里|千米|公斤|平方米|万元|亿元|[日天年月周岁元人名倍次条款项级度米秒时份台张]';
const UNIT_AT_START = new RegExp(`^(?<scale>[万亿])?(?<unit>${UNIT})?`, 'u');
const CHINESE_AMOUNT = new RegExp(
  `(?<ordinal>第)?(?<percent>百分之)?(?<numeral>[${NUMERAL_CLASS}]+)(?<point>点[${NUMERAL_CLASS}]+)?(?<unit>${UNIT})?`,
  'gu',
);
const SAME_UNIT: Record<string, string> = {
  天: '日',
  个月: '月',
  个小时: '小时',
  时: '小时',
  名: '人',
  个工作日: '工作日',
  周岁: '岁',
  千米: '公里',
};

/** The terms of a text that `normalise` has been through, in reading order, repeats kept. */
export function tokenise(normalised: string): string[] {
  const terms: string[] = [];
  for (const match of normalised.matchAll(RUN)) {
    const { cjk, number, word } = match.groups as Record<string, string | undefined>;
    if (cjk !== undefined) pushCjk(terms, cjk);
    else if (number !== undefined) pushNumber(terms, number, normalised, match.index + number.length);
    else if (word !== undefined) pushWord(terms, word);
  }
  return terms;
}

function pushCjk(terms: string[], run: string): void {
  const characters = run.length > 0 && /[\ud800-\udbff]/.test(run) ? [...run] : run.split('');
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] as string;
    terms.push(character);
    const next = characters[index + 1];
    if (next !== undefined) terms.push(character + next);
  }
  pushChineseAmounts(terms, run);
}

function pushChineseAmounts(terms: string[], run: string): void {
  for (const match of run.matchAll(CHINESE_AMOUNT)) {
    const { ordinal, percent, numeral, point, unit } = match.groups as Record<string, string | undefined>;
    const whole = parseChineseNumeral(numeral as string);
    // 万 or 百 alone is a unit in the middle of a word, not a number.
    if (whole === null || /^[百千万亿]/.test(numeral as string)) continue;
    const fraction = point === undefined ? '' : `.${fractionDigits(point.slice(1))}`;
    const value = `${whole}${fraction}`;
    if (ordinal !== undefined) {
      if (unit !== undefined) terms.push(`第${value}${unit}`);
    } else if (percent !== undefined) {
      terms.push(`${value}%`, value);
    } else if (unit !== undefined) {
      terms.push(value, amount(value, unit));
    } else if ((numeral as string).length > 1) {
      terms.push(value);
    }
  }
}

function fractionDigits(numerals: string): string {
  return [...numerals].map((numeral) => parseChineseNumeral(numeral) ?? 0).join('');
}

function pushNumber(terms: string[], number: string, text: string, end: number): void {
  const plain = number.replaceAll(',', '');
  const following = UNIT_AT_START.exec(text.slice(end, end + 4).trimStart());
  const scale = following?.groups?.scale;
  const unit = following?.groups?.unit;
  if (plain.endsWith('%')) {
    terms.push(cut(plain), cut(plain.slice(0, -1)));
    return;
  }
  const value = scale === undefined ? plain : String(Number(plain) * (scale === '万' ? 10_000 : 100_000_000));
  terms.push(cut(plain));
  if (scale !== undefined) terms.push(cut(value));
  if (unit !== undefined)
    terms.push(cut(text[end - number.length - 1] === '第' ? `第${value}${unit}` : amount(value, unit)));
}

/** 五万元, 5万元 and 50000元 give one term. */
function amount(value: string, unit: string): string {
  if (unit === '万元') return `${Number(value) * 10_000}元`;
  if (unit === '亿元') return `${Number(value) * 100_000_000}元`;
  return value + (SAME_UNIT[unit] ?? unit);
}

function pushWord(terms: string[], word: string): void {
  const plain = word.replace(/['’]s$/u, '');
  const parts = plain.split(/[-_.+/@&'’]/u).filter((part) => part.length > 0);
  if (parts.length > 1 || /[+#]$/u.test(plain)) terms.push(cut(plain));
  for (const part of parts) {
    const bare = part.replace(/[+#]+$/u, '');
    if (bare.length === 0 || isEnglishStopWord(bare)) continue;
    terms.push(cut(/^[a-z]+$/.test(bare) ? stemEnglish(bare) : bare));
  }
}

function cut(term: string): string {
  return term.length > MAX_TERM_CHARACTERS ? term.slice(0, MAX_TERM_CHARACTERS) : term;
}
