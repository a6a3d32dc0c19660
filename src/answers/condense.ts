/** Makes a follow-up question stand on its own, without a model, so that retrieval knows what it is about. */
import { withoutQuestionWords } from '../knowledge/search/question-words.ts';
import { normalise } from '../knowledge/text/normalise.ts';
import type { ChatMessage } from './ports.ts';

/** Earlier questions that may still be what the talk is about. */
const MAX_EARLIER_QUESTIONS = 3;
const MAX_CARRIED_CHARACTERS = 300;

/** A question that leans on what was said before, by its opening or by what it points at. */
const LEANING = new RegExp(
  [
    '^(?:那|如果|要是|假如|还有|另外|此外|其次|然后|接着|而|但|可是|同样|反过来|换成|除此|不然|否则)',
    '^.{0,6}(?:以后|之后|的话)',
    '呢[？?]?$',
    '上述|上面|前面|刚才|该(?:规定|情形|期限|制度|文件)|这[个种些样]|那[个种些样]|其[中他]|它|他们?|她们?',
    '^(?:and|but|then|also|what about|how about|what if|or)\\b',
    '\\b(?:it|its|they|them|their|he|she|his|her|that|those|this|these|one|ones|same|there)\\b',
  ].join('|'),
  'iu',
);
const HAN = /\p{Script=Han}/gu;
/** A Chinese question with fewer characters than this, question words aside, hardly names its own topic. */
const SHORT_HAN_CHARACTERS = 8;
const SHORT_WORDS = 4;

/**
 * The question itself where it stands alone or there is no history; else the earlier questions, the oldest first,
 * each on a line of its own, and the question on the last line. Search takes the last line for the question and the
 * lines before it for context.
 */
export function condenseQuestion(
  history: readonly Pick<ChatMessage, 'role' | 'content'>[],
  question: string,
): string {
  const earlier = history.filter(({ role }) => role === 'user').map(({ content }) => oneLine(content));
  if (earlier.length === 0 || !isElliptic(question)) return question;
  const carried: string[] = [];
  for (const text of earlier.slice(-MAX_EARLIER_QUESTIONS).reverse()) {
    carried.unshift(text.slice(0, MAX_CARRIED_CHARACTERS));
    // A question that leans on an earlier one in turn does not name the topic yet.
    if (!isElliptic(text)) break;
  }
  return [...carried, oneLine(question)].join('\n');
}

function isElliptic(question: string): boolean {
  const text = oneLine(question);
  if (LEANING.test(text)) return true;
  if ((text.match(HAN) ?? []).length === 0) return text.split(' ').length <= SHORT_WORDS;
  return (withoutQuestionWords(normalise(text)).match(/[\p{L}\p{N}]/gu) ?? []).length < SHORT_HAN_CHARACTERS;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}
