/** Turns a question into weighted index terms, grouped by the notion that they stand for. */
import { normalise } from '../text/normalise.ts';
import { tokenise } from '../text/tokenise.ts';
import { expansionsOf } from './expansions.ts';
import { askedQuantity, type Quantity } from './quantities.ts';
import { languageOf, questionParts } from './question-parts.ts';
import { withoutQuestionWords } from './question-words.ts';
import { accidentalPairs } from './word-boundaries.ts';

export interface PlannedTerm {
  term: string;
  /** How much a match says, before rarity: a single character says less than a pair. */
  weight: number;
}

/** One notion of the question. Its own words or one of the alternatives may stand for it. */
export interface Concept {
  /** 1 for what the question says; less for what only its context says. */
  weight: number;
  /** Indexes into `terms`. */
  own: number[];
  alternatives: { factor: number; terms: number[] }[];
}

export interface QueryPlan {
  terms: PlannedTerm[];
  concepts: Concept[];
  /** For a question that asks several things, the concepts of each of them, as indexes; else empty. */
  parts: number[][];
  /** Articles that the question names, as terms: `第19条`. */
  articles: string[];
  /** Normalised names in 《》. */
  titles: string[];
  /** What kind of figure the question asks for, or null. */
  quantity: Quantity | null;
}

const CHARACTER_WEIGHT = 0.2;
const WEAK_PAIR_WEIGHT = 0.6;
/** What a pair that joins two words counts beside a pair that is in one. */
const ACCIDENTAL_PAIR_FACTOR = 0.4;
const WEAK_CHARACTERS = new Set('的了是在和与及或之其也就都而被把让从向对为以于有不无可所个一上中下大小');

/** What the context of a follow-up counts beside the question itself. */
const CONTEXT_WEIGHT = 0.6;

/** Longer questions are cut: what a person asks fits, and a pasted page would only slow the search. */
const MAX_QUERY_CHARACTERS = 2_000;

export function planQuery(query: string): QueryPlan {
  const text = normalise(query.slice(0, MAX_QUERY_CHARACTERS));
  const builder = new PlanBuilder();
  // A condensed follow-up has its question on the last line and the earlier questions before it.
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const question = lines.pop() ?? '';
  builder.add(question, 1);
  for (const line of lines) builder.add(line, CONTEXT_WEIGHT);
  const { terms, concepts } = builder.finish();
  return {
    terms,
    concepts,
    parts: partsOf(question, terms, concepts),
    articles: tokenise(text).filter((term) => /^第\d+条$/.test(term)),
    titles: [...text.matchAll(/《([^》]{2,60})》/g)].map((match) => (match[1] as string).trim()),
    quantity: askedQuantity(question) ?? askedQuantity(text),
  };
}

function partsOf(question: string, terms: readonly PlannedTerm[], concepts: readonly Concept[]): number[][] {
  const parts = questionParts(question, languageOf(question));
  if (parts.length < 2) return [];
  return parts.map((part) => {
    const held = new Set(tokenise(part));
    return concepts.flatMap(({ own }, index) =>
      own.length > 0 && own.every((term) => held.has((terms[term] as PlannedTerm).term)) ? [index] : [],
    );
  });
}

class PlanBuilder {
  readonly #indexes = new Map<string, number>();
  readonly #terms: PlannedTerm[] = [];
  readonly #concepts: Concept[] = [];
  /** Terms that a concept stands for already. */
  readonly #explained = new Set<string>();

  add(line: string, weight: number): void {
    this.#addNotions(line, weight);
    for (const span of withoutQuestionWords(line).split('\n')) this.#addSpan(span, weight);
  }

  /** Words that have other names in documents. They are looked up first, since some hold a question word. */
  #addNotions(text: string, weight: number): void {
    for (const { phrase, alternatives } of expansionsOf(text)) {
      const terms = tokenise(phrase);
      if (terms.every((term) => this.#explained.has(term))) continue;
      for (const term of terms) this.#explained.add(term);
      this.#concepts.push({
        weight,
        own: this.#indexesOf(phrase),
        alternatives: alternatives.map((alternative) => ({
          factor: alternative.factor,
          terms: this.#indexesOf(alternative.text),
        })),
      });
    }
  }

  #addSpan(span: string, weight: number): void {
    const accidental = accidentalPairs(span);
    for (const term of new Set(tokenise(span))) {
      if (this.#explained.has(term)) continue;
      const index = this.#indexOf(term, accidental.has(term) ? ACCIDENTAL_PAIR_FACTOR : 1);
      if (index !== null) this.#concepts.push({ weight, own: [index], alternatives: [] });
      this.#explained.add(term);
    }
  }

  finish(): { terms: PlannedTerm[]; concepts: Concept[] } {
    return { terms: this.#terms, concepts: this.#concepts };
  }

  #indexesOf(text: string): number[] {
    const indexes = tokenise(text).map((term) => this.#indexOf(term));
    return [...new Set(indexes.filter((index) => index !== null))];
  }

  #indexOf(term: string, factor = 1): number | null {
    const weight = weightOf(term) * factor;
    if (weight === 0) return null;
    let index = this.#indexes.get(term);
    if (index === undefined) {
      index = this.#terms.push({ term, weight }) - 1;
      this.#indexes.set(term, index);
    }
    return index;
  }
}

function weightOf(term: string): number {
  if (!/^\p{Script=Han}{1,2}$/u.test(term)) return 1;
  if (term.length === 1) return WEAK_CHARACTERS.has(term) ? 0 : CHARACTER_WEIGHT;
  const weak = [...term].filter((character) => WEAK_CHARACTERS.has(character)).length;
  return weak === 2 ? 0 : weak === 1 ? WEAK_PAIR_WEIGHT : 1;
}
