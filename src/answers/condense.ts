/** Makes a follow-up question stand on its own, without a model, so that retrieval knows what it is about. */
import type { ChatMessage } from './ports.ts';

/** Earlier questions that may still be what the talk is about. */
const MAX_EARLIER_QUESTIONS = 3;
const MAX_CARRIED_CHARACTERS = 300;

/** A question that leans on what was said before, by its opening or by what it points at. */
const LEANING =
  /^(那么?|那[么]?[^，。]{0,8}呢|如果|要是|假如|还有|另外|此外|其次|然后|接着|而|但|可是|同样|反过来|换成|and |but |what about|how about|what if|then |also )|呢[？?]?$|上述|上面|前面|刚才|该[^应]|这[个种些样]|那[个种些样]|其[中他]?|它|他们?|她们?|\b(it|its|they|them|that|those|this|these|one|ones|same)\b/iu;
const CONTENT = /[\p{Script=Han}\p{L}\p{N}]/gu;
/** A Chinese question shorter than this hardly names its own topic. */
const SHORT_HAN_CHARACTERS = 9;
const SHORT_WORDS = 4;

/**
 * The question itself where it stands alone or there is no history; else with the earlier questions in front of it,
 * the oldest first, so that their topic words are searched for too.
 */
export function condenseQuestion(history: readonly ChatMessage[], question: string): string {
  const earlier = history.filter(({ role }) => role === 'user').map(({ content }) => content.trim());
  if (earlier.length === 0 || !isElliptic(question)) return question;
  const carried: string[] = [];
  for (const text of earlier.slice(-MAX_EARLIER_QUESTIONS).reverse()) {
    carried.unshift(text.slice(0, MAX_CARRIED_CHARACTERS));
    // A question that leans on an earlier one in turn does not name the topic yet.
    if (!isElliptic(text)) break;
  }
  return [...carried, question].join('\n');
}

function isElliptic(question: string): boolean {
  const text = question.trim();
  if (LEANING.test(text)) return true;
  const content = text.match(CONTENT) ?? [];
  const isHan = /\p{Script=Han}/u.test(text);
  return isHan ? content.length < SHORT_HAN_CHARACTERS : text.split(/\s+/u).length <= SHORT_WORDS;
}
