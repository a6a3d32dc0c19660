import { estimateTokens } from '../../knowledge/text/estimate-tokens.ts';
import { sentenceRanges } from '../../knowledge/text/sentences.ts';

/** Characters that a figure is written with; a cut between two of them would change it. */
const FIGURE = /[\d零〇一二两三四五六七八九十百千万亿％%.,]/u;
const WORD = /[a-z]/i;

/**
 * The beginning of a text that fits the budget, up to the end of a sentence where at least one fits, else up to the
 * last place that splits neither a figure nor a Latin word. Empty when nothing does.
 */
export function cutToTokens(text: string, maxTokens: number): string {
  if (estimateTokens(text) <= maxTokens) return text;
  const end = longestPrefix(text, maxTokens);
  const sentenceEnd = sentenceRanges(text.slice(0, end)).at(-2)?.end ?? 0;
  return text.slice(0, sentenceEnd > 0 ? sentenceEnd : wholeEnd(text, end)).trimEnd();
}

/** The estimate grows with the text, so the longest prefix that fits can be found by halving. */
function longestPrefix(text: string, maxTokens: number): number {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (estimateTokens(text.slice(0, middle)) <= maxTokens) low = middle;
    else high = middle - 1;
  }
  return low;
}

function wholeEnd(text: string, from: number): number {
  let end = from;
  while (end > 0 && end < text.length && splits(text[end - 1] as string, text[end] as string)) end -= 1;
  return end;
}

function splits(before: string, after: string): boolean {
  const pair = before >= '\ud800' && before <= '\udbff';
  return pair || (FIGURE.test(before) && FIGURE.test(after)) || (WORD.test(before) && WORD.test(after));
}
