/** Cuts a question that asks several things into its parts. */

/** A question that holds more parts than this is taken as a whole. */
const MAX_PARTS = 4;

const ZH_BOUNDARY = /(?<=[,，;；?？。!！])/u;
const EN_BOUNDARY =
  /(?<=[?!.;]\s)|(?<=,)\s+(?=and (?:how|what|who|where|when|which|can|may|is|are|do|does))/u;

const ZH_ASKS =
  /多少|几|多久|多长|多大|多高|多远|什么|哪|谁|怎|咋|如何|为何|何时|何处|何地|是否|能否|可否|吗|么[?？]|是不是|能不能|可不可以|要不要|算不算|行不行|有没有|用不用|该不该|[不没][?？]?$|呢/u;
const EN_ASKS =
  /\?|^(?:\s*and\s+)?(?:how|what|who|whom|where|when|which|why|can|may|is|are|do|does|must|should|could|will)\b/i;

export function asks(text: string): boolean {
  return ZH_ASKS.test(text) || EN_ASKS.test(text);
}

/** Each clause that asks something closes a part; clauses before it are its context. One part at least. */
export function questionParts(text: string, language: 'zh' | 'en'): string[] {
  const pattern = language === 'zh' ? ZH_ASKS : EN_ASKS;
  const parts: string[] = [];
  let current = '';
  for (const clause of text.split(language === 'zh' ? ZH_BOUNDARY : EN_BOUNDARY)) {
    current += clause;
    if (pattern.test(clause)) {
      parts.push(current.trim());
      current = '';
    }
  }
  if (current.trim() !== '') {
    if (parts.length === 0) parts.push(current.trim());
    else parts[parts.length - 1] += current;
  }
  return parts.length > MAX_PARTS ? [text] : parts;
}

export function languageOf(text: string): 'zh' | 'en' {
  const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const latinWords = text.match(/[a-zA-Z]{2,}/g)?.length ?? 0;
  return han > 0 && han >= latinWords ? 'zh' : 'en';
}
