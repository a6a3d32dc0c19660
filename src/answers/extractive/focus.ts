// What a question asks for by name: 工资 in 押运员一个月工资多少, "interest rate" in "What is the interest rate for …".

import type { Language } from './question.ts';

/** Words that only say what kind of answer is wanted; a text need not hold them. */
const ZH_GENERIC =
  /^(?:最[高低大小多少长短晚早]|总|具体|主要|各|每)*(?:[金数]额|数量|限额|限度|上限|下限|标准|幅度|时间|时限|时长|期限|期间|日期|天数|次数|人数|个数|比例|比率|费用|价格|价钱|长度|高度|大小|范围|要求|条件|规定|规则|办法|方式|方法|手续|程序|流程|步骤|材料|资料|东西|证明|文件|情况|情形|原因|理由|后果|责任|处罚|内容|事项|部门|机构|机关|单位|公司|地方|地点|位置|地址|岗位|人员|人|时候|结果|意思|区别|名称|种类|类型|项目|措施|待遇|权利|义务|作用|问题|方面|依据|资格|身份|窗口|部分|一次|这些|那些)$/u;

const ZH_ASKED =
  '(?:分别|各|一共|总共|到底|大概)?(?:是|为|有|要|叫|达到)?(?:多少|几|多久|多长|多大|多高|多远|什么|怎么算|如何计算|谁|哪)';
/** 的X是多少: what belongs to the subject. What X is like (有什么特点) is said without naming it. */
const ZH_OWNED =
  /的([^的,，。?？\s]{2,8}?)(?:分别|各|一共|总共|到底|大概)?(?:是|为|有|叫)(?:多少|几|多久|多长|多大|多高|什么(?!样|特[点色征性])|谁|哪)/u;
/** 多少X, 几天X, 多长的X at the end: what is counted or measured. */
const ZH_COUNTED =
  /(?:多少|几|多长|多大|多高)(?:个?(?:工作日|小时|分钟|个月|[天日月年周个种项份]))?的?(?![天日月年周个名人次元万亿钱块小时分秒公千百米种类条家份级岁费内以间点楼层号必应可能要会不才就得需到能])(\p{Script=Han}{2,6})[?？呀啊呢吗]*$/u;
/** X多少 at the end, without 的. */
const ZH_BEFORE = new RegExp(`^(.*?)${ZH_ASKED}[钱元天年个]?[?？呀啊呢吗]*$`, 'u');

/** Words between what is asked for and the question word. */
const LIGHT_END =
  /(?:应当?|可以|能够?|需要?|必须|得|要|会|在|于|中|的|都|又|还|给|按|由|该|不得[超少低多高][过于]?|最[多少]|一[天日月年次个]|之?内|花|费|收)+$/u;

/** The words that name it, normalised, or null where the question names nothing that a text would have to hold. */
export function focusOf(part: string, language: Language): string | null {
  const focus = language === 'zh' ? zhFocus(part) : enFocus(part);
  return focus === null || ZH_GENERIC.test(focus) ? null : focus;
}

let segmenter: Intl.Segmenter | null = null;

function zhFocus(part: string): string | null {
  const named = ZH_OWNED.exec(part)?.[1] ?? ZH_COUNTED.exec(part)?.[1];
  if (named !== undefined) return named;
  const before = ZH_BEFORE.exec(part)?.[1];
  if (before === undefined) return null;
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' });
  const last = [...segmenter.segment(before.replace(LIGHT_END, ''))].at(-1)?.segment ?? '';
  return /^\p{Script=Han}{2,}$/u.test(last) ? last : null;
}

/** The head of the noun phrase after "what is the", "which", "how many" or "how much". */
const EN_ASKED =
  /\b(?:what(?:'s| is| are| was| were)(?: the| an?)?|which|what|how many|how much) ((?:[a-z-]+ ){0,3}?[a-z-]+)(?= (?:of|for|in|to|at|on|with|by|when|if|does|do|is|are|was|were|has|have|can|may|must|should|will)\b|[?.,]|$)/i;
const EN_GENERIC =
  /^(?:the |an? )?(?:maximum|minimum|number|amount|time|time limit|limit|deadline|period|office|department|team|person|people|body|authority|documents?|materials?|form|conditions?|requirements?|rules?|procedure|process|steps?|happens?|kind|type|date|day|days|hours?|minutes?|weeks?|months?|years?|else|now|next|first|money|who|it|i|we|you|they|he|she)$/i;

function enFocus(part: string): string | null {
  const phrase = EN_ASKED.exec(part)?.[1];
  if (phrase === undefined) return null;
  const words = phrase.split(' ');
  const head = words.at(-1) as string;
  return EN_GENERIC.test(head) || EN_GENERIC.test(phrase) ? null : head;
}
