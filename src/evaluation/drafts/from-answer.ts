/** A turn of a real conversation as a golden question: what was asked, what was answered, and where that stands. */
import { GoldenQuestion, UNANSWERABLE } from '../../contract/golden.ts';
import { withoutMarks } from '../scores/support.ts';
import type { Turn } from '../target.ts';
import { figuresIn, formsOf } from './figures.ts';

export interface AnsweredTurn {
  id: string;
  question: string;
  history: readonly Turn[];
  answer: string;
  declined: boolean;
  citations: readonly { document: string; article: string | null; quote: string }[];
}

const MAX_HISTORY = 8;
const MAX_HISTORY_CHARACTERS = 2_000;
const MAX_ANSWER_CHARACTERS = 2_000;
const MAX_FACTS = 3;

/** Null where the answer cites nothing and declines nothing: then nobody can say what is right. */
export function questionFromAnswer(turn: AnsweredTurn): GoldenQuestion | null {
  const { id, question, history, answer, declined, citations } = turn;
  const sources = uniqueSources(citations);
  if (!declined && sources.length === 0) return null;
  const asked = {
    id,
    question,
    language: /\p{Script=Han}/u.test(question) ? 'zh' : 'en',
    answer: withoutMarks(answer).trim().slice(0, MAX_ANSWER_CHARACTERS),
    style: history.length > 0 ? 'followup' : 'real',
    ...(history.length === 0
      ? {}
      : {
          history: history
            .slice(-MAX_HISTORY)
            .map(({ role, content }) => ({ role, content: content.slice(0, MAX_HISTORY_CHARACTERS) })),
        }),
  };
  if (declined) return GoldenQuestion.parse({ ...asked, category: UNANSWERABLE });
  const facts = factsOf(answer, citations);
  const category = facts.length > 0 ? 'number' : 'policy';
  return GoldenQuestion.parse({ ...asked, category, sources, facts, any: true });
}

/** Figures of the answer that stand in the words that it cites. */
function factsOf(answer: string, citations: AnsweredTurn['citations']): string[][] {
  const quoted = citations.map(({ quote }) => quote).join('\n');
  const figures = figuresIn(withoutMarks(answer)).filter(({ text }) => quoted.includes(text));
  return [...new Map(figures.map((figure) => [figure.text, formsOf(figure)])).values()].slice(0, MAX_FACTS);
}

function uniqueSources(citations: AnsweredTurn['citations']): { document: string; article?: string }[] {
  const sources = new Map<string, { document: string; article?: string }>();
  for (const { document, article } of citations) {
    sources.set(`${document}\n${article}`, article === null ? { document } : { document, article });
  }
  return [...sources.values()];
}
