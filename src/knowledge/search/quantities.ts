/** What kind of figure a question asks for, and whether a text holds one of that kind. */

export type Quantity = 'frequency' | 'duration' | 'money' | 'ratio' | 'count' | 'date';

/** First match decides, so the narrower kinds come first. All in normalised text. */
const ASKED: [Quantity, RegExp][] = [
  [
    'frequency',
    /(?:多久|多长时间|(?:几|多少)个?(?:工作日|小时|分钟|星期|[天日周月年]))[^,。?]{0,6}?[一1][次回遍]|每?隔(?:多|几)|频[次率]|how (?:often|frequently)/u,
  ],
  ['ratio', /百分之几|百分之多少|比例|多大比|几成|利率|税率|费率|几倍|多少倍|percent|what rate|what share/u],
  ['money', /多少钱|多少元|多少万|几元|几万|多少费|金额|罚款.{0,6}多少|罚多少|how much/u],
  [
    'count',
    /多少人|几人|几个人|多少名|几名|多少次|几次|多少个(?!月|小时|工作日)|how many (?!days|months|years|hours|weeks|minutes)/u,
  ],
  [
    'duration',
    /多久|多长时间|多少[天日年]|几[天日年]|[几多]少?个?(?:月|小时|工作日|星期)|多少个?月|时限|期限|how long|how many (?:days|months|years|hours|weeks|minutes)|period/u,
  ],
  ['date', /什么时候|何时|哪年|哪一年|几月|哪天|when /u],
];

const NUMBER = '(?:[\\d.]+|[零〇一二两三四五六七八九十百千万半]+)';
const HELD: Record<Quantity, RegExp> = {
  frequency: new RegExp(
    `每隔?(?:${NUMBER})?个?(?:工作日|季度|小时|分钟|星期|[天日周旬月季年班次])|${NUMBER}个?(?:天|日|周|月|年)[^。；;]{0,4}[一1]次|周期|频[次率]|\\b(?:every|daily|weekly|monthly|quarterly|yearly|annually)\\b`,
    'iu',
  ),
  duration: new RegExp(
    `${NUMBER} ?(?:个?(?:工作日|小时|月|星期|学期)|[日天年周]|分钟|周岁|days?|months?|years?|hours?|weeks?|minutes?)`,
    'iu',
  ),
  money: new RegExp(`${NUMBER} ?(?:[万亿千百]?元|美元|欧元|yuan|rmb|usd)|[¥￥$] ?\\d`, 'iu'),
  ratio: /百分之|\d ?[%％]|[一二两三四五六七八九十\d]倍|[一二三四五六七八九]成|percent/iu,
  count: new RegExp(`${NUMBER} ?(?:[人名次个位家项条份台]|people|persons|times)`, 'iu'),
  date: /\d{4} ?年|\d{1,2} ?月|\d{4}-\d{1,2}|世纪|(?:19|20)\d\d|[一二三四五六七八九十]+月/u,
};

export function askedQuantity(question: string): Quantity | null {
  return ASKED.find(([, pattern]) => pattern.test(question))?.[0] ?? null;
}

export function holdsQuantity(text: string, quantity: Quantity): boolean {
  return HELD[quantity].test(text);
}
