// What a question asks for: its language, its parts, and the kind of answer that each part needs.

import { asks, languageOf, questionParts } from '../../knowledge/search/question-parts.ts';
import { normalise } from '../../knowledge/text/normalise.ts';
import { focusOf } from './focus.ts';
import type { QuantityKind } from './quantities.ts';

export type Language = 'zh' | 'en';

export interface Expectation {
  kind: 'quantity' | 'frequency' | 'yes-no' | 'agent' | 'place' | 'procedure' | 'open';
  /** Kinds of number that answer a quantity question, best first. */
  quantities: readonly QuantityKind[];
  /** The unit that was asked for (`day`, `%`, `公里`), or null when any unit of the kind will do. */
  unit: string | null;
}

/** The property that is asked for: 手机号 in 主任的手机号是多少. */
const ZH_PROPERTY = /的([^的,，。?？\s]{2,8}?)(?:分别)?(?:是|为)(?:多少|几)/u;
/** The thing that is counted, where it is a word of its own: 学分 in 需要多少学分. */
const ZH_COUNTED =
  /多少(?![天日月年周个名人次元万亿钱小时分秒公千百米种类条家份级岁费])(\p{Script=Han}{2,4})[?？]?$/u;

export interface QuestionPart {
  /** The clauses that belong to this part, question words included. */
  text: string;
  expects: Expectation;
  /** The property of the subject that is asked for by name, or null. */
  property: string | null;
  /** The words next to the question word, which an answer is expected to hold; or null. */
  focus: string | null;
}

/** A condensed follow-up has its question on the last line, and what it follows on the lines before. */
export function analyseQuestion(question: string): {
  language: Language;
  context: string;
  parts: QuestionPart[];
} {
  const lines = normalise(question).trim().split('\n');
  const asked = (lines.at(-1) as string).trim();
  const standsOut = lines.length > 1 && asks(asked);
  const text = standsOut ? asked : lines.join('\n');
  const context = standsOut ? lines.slice(0, -1).join('\n') : '';
  const language = languageOf(text);
  const parts = questionParts(text, language).map((part) => ({
    text: part,
    expects: expectationOf(part, language),
    property: (ZH_PROPERTY.exec(part) ?? ZH_COUNTED.exec(part))?.[1] ?? null,
    focus: focusOf(part, language),
  }));
  return { language, context, parts };
}

interface Rule {
  pattern: RegExp;
  expects: (match: RegExpMatchArray) => Expectation;
}

const quantity = (quantities: readonly QuantityKind[], unit: string | null = null): Expectation => ({
  kind: 'quantity',
  quantities,
  unit,
});
const plain = (kind: Exclude<Expectation['kind'], 'quantity'>): Expectation => ({
  kind,
  quantities: [],
  unit: null,
});

const ZH_TIME_UNITS: Readonly<Record<string, string>> = {
  天: 'day',
  日: 'day',
  工作日: 'day',
  月: 'month',
  年: 'year',
  周: 'week',
  星期: 'week',
  小时: 'hour',
  钟头: 'hour',
  分钟: 'minute',
  秒: 'second',
};
const ANY_NUMBER: readonly QuantityKind[] = ['count', 'money', 'ratio', 'duration', 'people', 'age', 'date'];

const ZH_RULES: readonly Rule[] = [
  {
    pattern:
      /多(?:久|长时间)[^,。?]{0,6}[一1][次回换遍]|(?:几|多少)个?(?:工作日|小时|分钟|星期|[天日周月年])[^,。?]{0,6}[一1][次回换遍]|每?隔(?:多|几)|每(?:几|多少)|多久(?:换|改|查|检|做|保养|更换)|频次|频率/u,
    expects: () => plain('frequency'),
  },
  { pattern: /几楼|[在到去上]几层|几号(?:楼|窗|柜台|房|门)/u, expects: () => plain('place') },
  { pattern: /百分之(?:几|多少)|百分比/u, expects: () => quantity(['ratio'], '%') },
  { pattern: /(?:几|多少)倍/u, expects: () => quantity(['ratio']) },
  { pattern: /比例|比率|费率|利率|税率|几成|几折|折扣/u, expects: () => quantity(['ratio']) },
  {
    pattern: /(?:哪|几)一?(?:年|月|天|日)(?!内|以)(?:.{0,4}[号日])?/u,
    expects: (match) => whenOrHowLong(match[0]),
  },
  {
    pattern: /(?:几|多少)个?(工作日|天|日|月|年|周|星期|小时|钟头|分钟|秒)/u,
    expects: (match) => quantity(['duration'], ZH_TIME_UNITS[match[1] as string] ?? null),
  },
  { pattern: /几点|什么时间|什么时候|何时|啥时候/u, expects: () => quantity(['date', 'duration']) },
  {
    pattern:
      /多久|多长时间|多长的|最长能|时限|最[晚迟](?!的)|提前多|时效|(?:期限|年限|有效期|寿命).{0,6}(?:多|几|怎|如何|是什么)|管几年/u,
    expects: () => quantity(['duration', 'date']),
  },
  {
    // A stretch of time or of way.
    pattern: /多长[?？]?$/u,
    expects: () => quantity(['duration', 'count', 'date']),
  },
  { pattern: /(?:几|多少)个?(?:人|名|位)/u, expects: () => quantity(['people', 'count']) },
  {
    pattern: /几岁|多少岁|多大年纪|多大岁数|年龄(?:是|为|要)?多/u,
    expects: () => quantity(['age']),
  },
  {
    pattern: /多少钱|多少[万亿]?元|几块|价格|租金|费用.{0,3}多少/u,
    expects: () => quantity(['money', 'ratio']),
  },
  {
    pattern: /金额|罚款.{0,6}多少|罚多少|赔多少|报销多少|多少.{0,3}(?:补偿|赔偿|罚款|工资|费用)|补发/u,
    expects: () => quantity(['money', 'ratio', 'duration']),
  },
  {
    pattern:
      /(?:多少|几)(个|次|种|类|级|家|条|件|份|公里|千米|米|公分|厘米|字|座|所|部|张|届|集|款|组|支|枚|位|亩|吨|步|项)/u,
    expects: (match) => countOf(match[1] as string),
  },
  { pattern: /多少|(?<![好])几(?![乎何])|多[高远重深宽厚大]/u, expects: () => quantity(ANY_NUMBER) },
  {
    pattern:
      /谁|哪个?(?:部门|机构|单位|机关|公司|人|级|边|家)|什么(?:部门|机构|单位|机关|人|公司)|哪些(?:部门|机构|单位|人)|哪一级/u,
    expects: () => plain('agent'),
  },
  { pattern: /哪里|哪儿|何处|何地|什么地方|在哪|到哪|去哪/u, expects: () => plain('place') },
  { pattern: /怎么|怎样|如何|咋|流程|程序|手续|步骤|怎办/u, expects: () => plain('procedure') },
  {
    pattern:
      /吗|是否|能否|可否|是不是|能不能|可不可以|可以不|要不要|算不算|行不行|有没有|用不用|该不该|允许|行吗|必须.{0,4}[?？]|[不没][?？]?$/u,
    expects: () => plain('yes-no'),
  },
];

/** `几个` asks for a count, and so is answered by the list that is counted: the figure is a help, not a must. */
function countOf(unit: string): Expectation {
  return /[个种类条项件款]/u.test(unit) ? plain('open') : quantity(['count', 'people'], unit);
}

function whenOrHowLong(asked: string): Expectation {
  if (asked.startsWith('哪')) return quantity(['date']);
  const unit = asked.includes('年') ? 'year' : asked.includes('月') ? 'month' : 'day';
  return quantity(['duration', 'date'], unit);
}

const EN_TIME_UNIT = /(second|minute|hour|day|week|month|year)/i;
const EN_RULES: readonly Rule[] = [
  {
    pattern: /what (?:percentage|percent|proportion|share|rate)|how many percent|percentage/i,
    expects: () => quantity(['ratio'], '%'),
  },
  {
    pattern: /how old|what age|(?:minimum|maximum|retirement) age/i,
    expects: () => quantity(['age']),
  },
  {
    pattern: /how many (?:\w+ ){0,2}?(second|minute|hour|day|week|month|year)s?\b/i,
    expects: (match) => quantity(['duration'], (match[1] as string).toLowerCase()),
  },
  {
    pattern: /how many (?:\w+ )?(?:people|persons|employees|staff|members)/i,
    expects: () => quantity(['people', 'count']),
  },
  {
    pattern: /how often|how frequently/i,
    expects: () => plain('frequency'),
  },
  {
    pattern: /how many times/i,
    expects: () => quantity(['count', 'duration', 'date']),
  },
  { pattern: /how many/i, expects: () => quantity(['count', 'people']) },
  {
    pattern:
      /how long|how soon|how quickly|how far in advance|by when|(?:time|notice|retention|minimum|maximum) (?:limit|period)|deadline/i,
    expects: (match) => quantity(['duration', 'date'], EN_TIME_UNIT.exec(match[0])?.[1] ?? null),
  },
  {
    pattern: /\bwhen\b|what (?:time|date|day|year)|which year/i,
    expects: () => quantity(['date', 'duration']),
  },
  {
    pattern: /how much|what (?:amount|sum|fine)|cost|price/i,
    expects: () => quantity(['money', 'ratio', 'duration', 'count']),
  },
  {
    pattern: /\bwho\b|\bwhom\b|which (?:department|office|team|person|authority|body|unit)/i,
    expects: () => plain('agent'),
  },
  { pattern: /\bwhere\b/i, expects: () => plain('place') },
  {
    pattern: /\bhow (?:do|can|should|to|does|must|is|are)\b|procedure|steps|process/i,
    expects: () => plain('procedure'),
  },
  {
    pattern:
      /^(?:.*[,.;]\s+)?(?:and\s+)?(?:is|are|am|can|may|must|do|does|should|will|could|would|has|have)\b/i,
    expects: () => plain('yes-no'),
  },
];

function expectationOf(part: string, language: Language): Expectation {
  for (const { pattern, expects } of language === 'zh' ? ZH_RULES : EN_RULES) {
    const match = part.match(pattern);
    if (match !== null) return expects(match);
  }
  return plain('open');
}
