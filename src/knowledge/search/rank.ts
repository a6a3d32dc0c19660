/** Scores candidate chunks against a planned question. */
import type { Chunk } from '../chunk/chunk.ts';
import { normalise } from '../text/normalise.ts';
import { tokenise } from '../text/tokenise.ts';
import { holdsQuantity, type Quantity } from './quantities.ts';
import type { QueryPlan } from './query-plan.ts';
import { inverseDocumentFrequency, type TermStatistics } from './statistics.ts';

/** A chunk with what the ranker needs to know of it. */
export interface Candidate {
  chunk: Chunk;
  /** How often each planned term stands in the text, in the order of the plan. */
  textCounts: ArrayLike<number>;
  /** The same for headings and title. */
  headingCounts: ArrayLike<number>;
  /** Terms in the text. */
  length: number;
}

export interface LexicalScore {
  /** 0 to 1: the share of the best score that this question could get in any table. */
  lexical: number;
  /** Share of the question's notions, weighted by rarity, that the chunk and its headings hold. 0 to 1. */
  coverage: number;
}

export const BM25 = { k1: 1, b: 0.35 };
const HEADING_WEIGHT = 0.6;

/** What it is worth that a chunk is the very article, or of the very document, that the question names. */
const NAMED_ARTICLE_BONUS = 0.5;
const NAMED_TITLE_BONUS = 0.4;
/** What it is worth that a chunk holds a figure of the kind that was asked for. */
const QUANTITY_BONUS = 0.2;
const HIGHEST_BONUS = 1 + NAMED_ARTICLE_BONUS + NAMED_TITLE_BONUS + QUANTITY_BONUS;

/** A scorer for one question; the rarity of its terms is looked up once. */
export function createRanker(
  plan: QueryPlan,
  statistics: TermStatistics,
): (candidate: Candidate) => LexicalScore {
  const rarity = plan.terms.map(({ term, weight }) => weight * inverseDocumentFrequency(statistics, term));
  const mass = plan.concepts.map((concept) => concept.weight * sum(concept.own, rarity));
  const totalMass = mass.reduce((total, value) => total + value, 0);
  const bestScore = totalMass * (BM25.k1 + 1) * 2 * HIGHEST_BONUS;
  return (candidate) => {
    if (totalMass === 0) return { lexical: 0, coverage: 0 };
    const matches = termScores(candidate, rarity, statistics.averageLength);
    let score = 0;
    const covered = plan.concepts.map((concept, index) => {
      let best = sum(concept.own, matches);
      let share = presentShare(concept.own, rarity, matches);
      for (const alternative of concept.alternatives) {
        const present = presentShare(alternative.terms, rarity, matches) * alternative.factor;
        best = Math.max(best, sum(alternative.terms, matches) * present);
        share = Math.max(share, present);
      }
      score += concept.weight * best;
      return share * (mass[index] as number);
    });
    const coverage = covered.reduce((total, value) => total + value, 0) / totalMass;
    // What answers one of several questions in full is as good a find as what answers the only one.
    const inParts = plan.parts.map((part) => sum(part, covered) / (sum(part, mass) || 1));
    const complete = 1 + Math.max(coverage, ...inParts);
    return {
      lexical: Math.min(1, (score * complete * bonus(plan, candidate.chunk)) / bestScore),
      coverage,
    };
  };
}

/** Reading a text for figures takes longer than all else; a chunk that stays in memory is read once. */
const figures = new WeakMap<Chunk, Map<Quantity, boolean>>();

function chunkHolds(chunk: Chunk, quantity: Quantity): boolean {
  const known = figures.get(chunk) ?? new Map<Quantity, boolean>();
  const holds = known.get(quantity) ?? holdsQuantity(chunk.text, quantity);
  figures.set(chunk, known.set(quantity, holds));
  return holds;
}

function bonus(plan: QueryPlan, chunk: Chunk): number {
  let factor = 1;
  if (plan.quantity !== null && chunkHolds(chunk, plan.quantity)) factor += QUANTITY_BONUS;
  if (plan.articles.length > 0 && chunk.article !== null) {
    const own = tokenise(normalise(chunk.article));
    if (plan.articles.some((article) => own.includes(article))) factor += NAMED_ARTICLE_BONUS;
  }
  if (plan.titles.length > 0 && chunk.headingPath.length > 0) {
    const title = normalise(chunk.headingPath[0] as string);
    if (plan.titles.some((named) => title.includes(named))) factor += NAMED_TITLE_BONUS;
  }
  return factor;
}

function termScores(candidate: Candidate, rarity: readonly number[], averageLength: number): number[] {
  const { k1, b } = BM25;
  const norm = k1 * (1 - b + (b * candidate.length) / Math.max(1, averageLength));
  return rarity.map((value, index) => {
    const inHeading = Math.min(1, candidate.headingCounts[index] as number);
    const frequency = (candidate.textCounts[index] as number) + HEADING_WEIGHT * inHeading;
    return frequency === 0 ? 0 : (value * frequency * (k1 + 1)) / (frequency + norm);
  });
}

function presentShare(
  terms: readonly number[],
  rarity: readonly number[],
  matches: readonly number[],
): number {
  let present = 0;
  let total = 0;
  for (const index of terms) {
    total += rarity[index] as number;
    if ((matches[index] as number) > 0) present += rarity[index] as number;
  }
  return total === 0 ? 0 : present / total;
}

function sum(indexes: readonly number[], values: readonly number[]): number {
  let total = 0;
  for (const index of indexes) total += values[index] as number;
  return total;
}
