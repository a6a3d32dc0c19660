/** Scores of retrieval and answers against a golden set; the rules are those of the golden format. */
import type { GoldenQuestion } from './golden.ts';

/** What a retrieved passage has to show to count for a source. */
export interface RetrievedPassage {
  /** File name of the document. */
  document: string;
  /** Articles that the passage holds text of. */
  articles: readonly string[];
}

/**
 * The rank, from 1, at which the question is answered: that of the first of its sources where one is enough, of the
 * last where all are needed; Infinity where that never happens.
 */
export function hitRank(question: GoldenQuestion, passages: readonly RetrievedPassage[]): number {
  const ranks = question.sources.map((source) => {
    const index = passages.findIndex(
      ({ document, articles }) =>
        document === source.document && (source.article === undefined || articles.includes(source.article)),
    );
    return index === -1 ? Infinity : index + 1;
  });
  if (ranks.length === 0) return Infinity;
  return question.any ? Math.min(...ranks) : Math.max(...ranks);
}

const DIGIT = /[\d零〇一二三四五六七八九十百千万亿两]/u;
const DIGIT_OR_POINT = /[\d零〇一二三四五六七八九十百千万亿两.]/u;

/** Whether the answer holds the form, with its numbers whole: 5天 is not in 15天. */
export function containsForm(answer: string, form: string): boolean {
  const text = forMatching(answer);
  const wanted = forMatching(form);
  if (wanted === '') return false;
  for (let index = text.indexOf(wanted); index !== -1; index = text.indexOf(wanted, index + 1)) {
    const before = text[index - 1] ?? '';
    const after = text[index + wanted.length] ?? '';
    const cutBefore = DIGIT.test(wanted[0] as string) && DIGIT_OR_POINT.test(before);
    const cutAfter = DIGIT.test(wanted.at(-1) as string) && DIGIT_OR_POINT.test(after);
    if (!cutBefore && !cutAfter) return true;
  }
  return false;
}

/** Share of the required facts that the answer holds in one of their accepted forms. */
export function factRecall(question: Pick<GoldenQuestion, 'facts'>, answer: string): number {
  if (question.facts.length === 0) return 0;
  const found = question.facts.filter((forms) => forms.some((form) => containsForm(answer, form)));
  return found.length / question.facts.length;
}

function forMatching(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s+/gu, '')
    .replaceAll(/(?<=\d),(?=\d{3})/gu, '');
}

export interface RetrievalFigures {
  hit1: number;
  hit5: number;
  hit10: number;
  mrr: number;
}

/** Ranks beyond this count as no hit in the mean reciprocal rank. */
export const MAX_RANK = 10;

export function retrievalFigures(ranks: readonly number[]): RetrievalFigures {
  const share = (limit: number) => mean(ranks.map((rank) => (rank <= limit ? 1 : 0)));
  return {
    hit1: share(1),
    hit5: share(5),
    hit10: share(10),
    mrr: mean(ranks.map((rank) => (rank <= MAX_RANK ? 1 / rank : 0))),
  };
}

/** 0 for an empty list. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
