// Numbers with their kind of unit, so that "how many days" is answered with days and not with any number.

import { parseChineseNumeral } from '../../knowledge/text/numerals.ts';

export type QuantityKind = 'duration' | 'date' | 'money' | 'ratio' | 'people' | 'age' | 'count';

export interface Quantity {
  kind: QuantityKind;
  /** `day`, `month`, `year`, … for durations; the written unit otherwise. */
  unit: string;
  /** Null where the figure is not a plain number. */
  value: number | null;
  /** Where it starts in the normalised text. */
  at: number;
}

const ZH_NUMBER = '[零〇一二两三四五六七八九十百千万亿半]+';
const EN_WORDS =
  'one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|eighteen|twenty|twenty-four|thirty|forty|forty-five|forty-eight|fifty|sixty|seventy|eighty|ninety|hundred|half an?|a|an';
const NUMBER = `(?:\\d+(?:[,.]\\d+)*|${ZH_NUMBER})`;
const EN_NUMBER = `(?:\\d+(?:[,.]\\d+)*|(?:${EN_WORDS}))`;

interface Pattern {
  kind: QuantityKind;
  unit: string | null;
  pattern: RegExp;
}

/** Tried in order; a stretch of text counts for the first pattern that takes it. */
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'ratio',
    unit: '%',
    pattern: new RegExp(`(${NUMBER})\\s?(?:%|percent\\b|per cent\\b|百分点|个百分点)`, 'giu'),
  },
  { kind: 'ratio', unit: '%', pattern: new RegExp(`百分之(${NUMBER})`, 'gu') },
  { kind: 'ratio', unit: '‰', pattern: new RegExp(`(${NUMBER})‰|千分之(${NUMBER})|万分之(${NUMBER})`, 'gu') },
  { kind: 'ratio', unit: '分之', pattern: new RegExp(`${NUMBER}分之(${NUMBER})`, 'gu') },
  { kind: 'ratio', unit: '倍', pattern: new RegExp(`(${NUMBER})\\s?(?:倍|times\\b|-?fold\\b)`, 'giu') },
  { kind: 'money', unit: null, pattern: new RegExp(`(?:[¥￥$€£]|rmb|cny|usd|hk\\$)\\s?(${NUMBER})`, 'giu') },
  {
    kind: 'money',
    unit: null,
    pattern: new RegExp(
      `(${NUMBER})\\s?(?:多|余)?(?:[万亿千百]{1,2})?(?:元|块钱?|美元|港元|日元|欧元|英镑|镑|卢布|yuan\\b|rmb\\b|cny\\b|usd\\b|dollars?\\b|euros?\\b)`,
      'giu',
    ),
  },
  { kind: 'date', unit: 'year', pattern: /([12]\d{3})年|[一二]([〇零一二三四五六七八九]{3})年/gu },
  {
    kind: 'date',
    unit: 'day',
    pattern: new RegExp(`(${NUMBER})月(?:份|上旬|中旬|下旬|底|初|${NUMBER}[日号])?`, 'gu'),
  },
  {
    kind: 'date',
    unit: 'time',
    pattern: /(\d{1,2}):\d{2}\b|(\d{1,2})\s?(?:a\.?m\b|p\.?m\b|o'clock)|(\d{1,2})[点时](?![以间效候内])/giu,
  },
  {
    kind: 'date',
    unit: 'day',
    pattern:
      /\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+(\d{1,4})\b|\b([12]\d{3})\b(?!\s?\p{L})/giu,
  },
  {
    kind: 'age',
    unit: '岁',
    pattern: new RegExp(`(${NUMBER})\\s?(?:周?岁|years? old\\b|years? of age\\b)|\\bage of (\\d+)`, 'giu'),
  },
  {
    kind: 'duration',
    unit: 'minute',
    pattern: new RegExp(`(${NUMBER})\\s?分钟|(${EN_NUMBER})[\\s-]min(?:ute)?s?\\b`, 'giu'),
  },
  {
    kind: 'duration',
    unit: 'second',
    pattern: new RegExp(`(${NUMBER})\\s?秒|(${EN_NUMBER})[\\s-]seconds?\\b`, 'giu'),
  },
  {
    kind: 'duration',
    unit: 'hour',
    pattern: new RegExp(
      `(${NUMBER})\\s?个?(?:多|半)?(?:小时|钟头)|(${EN_NUMBER})[\\s-](?:\\w+\\s)?hours?\\b`,
      'giu',
    ),
  },
  {
    kind: 'duration',
    unit: 'day',
    pattern: new RegExp(
      `(${NUMBER})\\s?(?:多|余)?个?(?:天|日|工作日|自然日|昼夜)|当[日天]|次日|(${EN_NUMBER})[\\s-](?:(?:business|working|calendar|consecutive|sick|full|paid)[\\s-])*days?\\b`,
      'giu',
    ),
  },
  {
    kind: 'duration',
    unit: 'week',
    pattern: new RegExp(`(${NUMBER})\\s?个?(?:周(?![岁年])|星期|礼拜)|(${EN_NUMBER})[\\s-]weeks?\\b`, 'giu'),
  },
  {
    kind: 'duration',
    unit: 'month',
    pattern: new RegExp(
      `(${NUMBER})\\s?个(?:半)?月|每月|按月|(${EN_NUMBER})[\\s-](?:calendar\\s)?months?\\b|\\bmonthly\\b`,
      'giu',
    ),
  },
  {
    kind: 'duration',
    unit: 'year',
    pattern: new RegExp(
      `(${NUMBER})\\s?(?:多|余)?个?(?:周年|年度|年|学年)|每年|年度|(${EN_NUMBER})[\\s-]years?\\b|\\bannual(?:ly)?\\b`,
      'giu',
    ),
  },
  {
    kind: 'people',
    unit: '人',
    pattern: new RegExp(
      `(${NUMBER})\\s?(?:多|余)?个?(?:人|名|位)|(${EN_NUMBER})\\s(?:people|persons?|employees|members|staff)\\b|(?:过|超过|以上)?半数`,
      'giu',
    ),
  },
  {
    kind: 'count',
    unit: null,
    pattern: new RegExp(`(${NUMBER})\\s?(?:多|余)?([\\p{Script=Han}]|[a-z]{1,12}\\b)?`, 'giu'),
  },
];

/** Chinese numerals that are part of ordinary words, and numbers that only point at a provision. */
const NOT_A_QUANTITY =
  /第[零〇一二两三四五六七八九十百千\d]+(?:条之[一二三四五六七八九十]|[条款项章节编号])?|之一|一[般定致切旦样些起同律经并贯直]|统一|唯一|单一|一次性|任一|某一|同一|(?<![零〇一二两三四五六七八九])十分(?![钟之])|千万别|万一|三无|百姓/gu;

/** The quantities of a text that `normalise` has been through, in reading order. */
export function quantitiesIn(normalised: string): Quantity[] {
  let rest = normalised.replace(NOT_A_QUANTITY, (match) => ' '.repeat(match.length));
  const found: Quantity[] = [];
  for (const { kind, unit, pattern } of PATTERNS) {
    rest = rest.replace(pattern, (match: string, ...groups: unknown[]) => {
      const at = groups.find((group): group is number => typeof group === 'number') ?? 0;
      const figure = groups.find(
        (group): group is string => typeof group === 'string' && group !== '' && group !== rest,
      );
      found.push({ kind, unit: unit ?? match.replace(/[\d,.\s]/g, ''), value: valueOf(figure), at });
      return ' '.repeat(match.length);
    });
  }
  return found.sort((left, right) => left.at - right.at);
}

const ENGLISH = new Map(
  'one two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, at) => [word, at + 1]),
);
ENGLISH.set('fifteen', 15)
  .set('twenty', 20)
  .set('thirty', 30)
  .set('sixty', 60)
  .set('ninety', 90)
  .set('a', 1)
  .set('an', 1);

/** `二十五` and `25` are the same figure. Null for what is no plain number. */
export function valueOf(figure: string | undefined): number | null {
  if (figure === undefined) return null;
  if (/^\d/.test(figure)) return Number(figure.replaceAll(',', ''));
  if (/^[a-z]/i.test(figure)) return ENGLISH.get(figure.toLowerCase()) ?? null;
  return figure === '半' ? 0.5 : parseChineseNumeral(figure);
}
