/** Asks every question of a golden set, of the product and of the baseline. */
import { condenseQuestion } from '../../src/answers/condense.ts';
import { extractAnswer } from '../../src/answers/extractive/extract-answer.ts';
import { fromAnswerPassage, toAnswerPassage } from '../../src/answers/passages.ts';
import type { Passage } from '../../src/answers/ports.ts';
import type { GoldenQuestion } from '../../src/evaluation/golden.ts';
import { factRecall, hitRank } from '../../src/evaluation/scoring.ts';
import { createSearcher, type SearcherHit } from '../../src/knowledge/search/searcher.ts';
import { articleRanges, articlesTouched } from './articles.ts';
import type { Corpus } from './corpus.ts';

const RETRIEVED = 10;
/** What the answerer gets to read. */
const PASSAGES = 8;

export interface QuestionResult {
  question: GoldenQuestion;
  query: string;
  rank: number;
  baselineRank: number;
  factRecall: number;
  declined: boolean;
  answer: string;
  searchMs: number;
  passages: Passage[];
}

export async function runQuestions(
  corpus: Corpus,
  questions: readonly GoldenQuestion[],
): Promise<QuestionResult[]> {
  const searcher = createSearcher({ index: corpus.index });
  const ranges = new Map([...corpus.texts].map(([name, text]) => [name, articleRanges(text)]));
  const results: QuestionResult[] = [];
  const today = new Date().toISOString().slice(0, 10);
  for (const question of questions) {
    const query = condenseQuestion(question.history ?? [], question.question);
    const startedAt = performance.now();
    const request = { query, vector: null, limit: RETRIEVED, documentIds: null };
    const hits = await searcher.search([corpus.target], request);
    const searchMs = performance.now() - startedAt;
    const passages = hits.map((hit, index) => asAnswered(corpus, hit, index + 1, today));
    const answer = extractAnswer(query, passages.slice(0, PASSAGES));
    const text = answer.sentences.map((sentence) => sentence.text).join('\n');
    const pieces = corpus.baseline.search(query, RETRIEVED);
    results.push({
      question,
      query,
      rank: hitRank(
        question,
        passages.map(({ chunk }) => ({
          document: chunk.documentId,
          articles: chunk.article === null ? [] : [chunk.article],
        })),
      ),
      baselineRank: hitRank(
        question,
        pieces.map(({ document, start, text: piece }) => ({
          document,
          articles: articlesTouched(ranges.get(document) ?? [], start, start + piece.length),
        })),
      ),
      factRecall: answer.declined ? 0 : factRecall(question, text),
      declined: answer.declined,
      answer: text,
      searchMs,
      passages,
    });
  }
  return results;
}

/** The passage as the product's answerer gets it, by way of its log. */
function asAnswered(corpus: Corpus, hit: SearcherHit, number: number, today: string): Passage {
  const filename = hit.chunk.documentId;
  const attributes = corpus.attributes.get(filename) ?? {};
  return fromAnswerPassage(toAnswerPassage({ ...hit, filename, attributes }, number, today));
}
