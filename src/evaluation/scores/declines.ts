/** Whether an answer says that the documents do not cover the question. */
import type { AskOutcome } from '../target.ts';
import { withoutMarks } from './support.ts';

const NOT_COVERED = new RegExp(
  [
    '(?:资料|文件|文档|材料|规定|制度|知识库|段落|内容|信息|原文)[^。！？\\n]{0,24}(?:没有|未|并未|无)[^。！？\\n]{0,12}(?:提及|提到|涉及|说明|规定|包含|记载|找到|覆盖|回答|给出|相关)',
    '(?:没有|未能?|无法|不能)[^。！？\\n]{0,12}(?:找到|查到|检索到|从[^。]{0,12}(?:得知|回答|得出))',
    '(?:无法|不能|难以)(?:据此|根据[^。]{0,16})?回答',
    "\\b(?:documents?|passages?|materials?|sources?|context|text|knowledge base)\\b[^.\\n]{0,40}\\b(?:do(?:es)? not|don[’']t|doesn[’']t|did not|nothing|no)\\b",
    "\\b(?:could not|cannot|can[’']t|was not|were not|not)\\b[^.\\n]{0,20}\\b(?:found|find|answered|determine|covered)\\b",
  ].join('|'),
  'iu',
);
const NAMES =
  /《[^》]*》|“[^”]*”|"[^"]*"|[\p{L}\p{N}（）()\-_]+\.(?:md|txt|html?|pdf|docx|xlsx|pptx|csv|epub)\b/giu;
const FIGURE =
  /\d+(?:[.,]\d+)?\s?(?:%|％|元|天|日|月|年|小时|分钟|人|次|倍|岁|days?\b|months?\b|years?\b|hours?\b|minutes?\b|yuan\b)|百分之|[一二三四五六七八九十百千万]+(?:元|天|日|个月|年|小时|分钟|倍|次)/giu;

/**
 * What the target itself says of its answer; else an answer that says so and gives no figure of its own: neither one
 * that stands in the question nor one in the name of a document counts as its own.
 */
export function isDecline(
  question: string,
  { declined, text }: Pick<AskOutcome, 'declined' | 'text'>,
): boolean {
  if (declined === true) return true;
  const plain = withoutMarks(text);
  if (!NOT_COVERED.test(plain)) return false;
  const figures = plain.replaceAll(NAMES, '').match(FIGURE) ?? [];
  return figures.every((figure) => question.includes(figure));
}
