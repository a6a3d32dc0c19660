/** Turns a question into weighted index terms, grouped by the notion that they stand for. */
import { normalise } from '../text/normalise.ts';
import { tokenise } from '../text/tokenise.ts';
import { expansionsOf } from './expansions.ts';
import { withoutQuestionWords } from './question-words.ts';

export interface PlannedTerm {
  term: string;
  /** How much a match says, before rarity: a single character says less than a pair. */
  weight: number;
}

/** One notion of the question. Its own words or one of the alternatives may stand for it. */
export interface Concept {
  /** Indexes into `terms`. */
  own: number[];
  alternatives: { factor: number; terms: number[] }[];
}

export type Quantity = 'duration' | 'money' | 'ratio' | 'count' | 'date';

export interface QueryPlan {
  terms: PlannedTerm[];
  concepts: Concept[];
  /** Articles that the question names, as terms: `第19条`. */
  articles: string[];
  /** Normalised names in 《》. */
  titles: string[];
  /** What kind of figure the question asks for, or null. */
  quantity: Quantity | null;
}

const CHARACTER_WEIGHT = 0.2;
const WEAK_PAIR_WEIGHT = 0.4;
const WEAK_CHARACTERS = new Set('的了是在和与及或之其也就都而被把让从向对为以于有不无可所个一上中下大小');

/** Longer questions are cut: what a person asks fits, and a pasted page would only slow the search. */
const MAX_QUERY_CHARACTERS = 2_000;

const QUANTITIES: [Quantity, RegExp][] = [
  ['ratio', /百分之几|百分之多少|比例|多大比|几成|利率|税率|费率|几倍|多少倍|percent|what rate|what share/],
  ['money', /多少钱|多少元|多少万|几元|几万|多少费|金额|罚款.{0,6}多少|罚多少|how much/],
  [
    'count',
    /多少人|几人|几个人|多少名|几名|多少次|几次|多少个|how many (?!days|months|years|hours|weeks|minutes)/,
  ],
  [
    'duration',
    /多久|多长时间|多少天|多少日|几天|几日|几个?月|多少个?月|几年|多少年|多少小时|几小时|几个小时|时限|期限|几个工作日|多少个工作日|how long|how many (?:days|months|years|hours|weeks|minutes)|period|within what time/,
  ],
  ['date', /什么时候|何时|哪年|哪一年|几月|哪天|when /],
];

export function planQuery(query: string): QueryPlan {
  const text = normalise(query.slice(0, MAX_QUERY_CHARACTERS));
  const builder = new PlanBuilder();
  for (const span of withoutQuestionWords(text).split('\n')) builder.addSpan(span);
  return {
    ...builder.finish(),
    articles: tokenise(text).filter((term) => /^第\d+条$/.test(term)),
    titles: [...text.matchAll(/《([^》]{2,60})》/g)].map((match) => (match[1] as string).trim()),
    quantity: QUANTITIES.find(([, pattern]) => pattern.test(text))?.[0] ?? null,
  };
}

class PlanBuilder {
  readonly #indexes = new Map<string, number>();
  readonly #terms: PlannedTerm[] = [];
  readonly #concepts: Concept[] = [];

  addSpan(span: string): void {
    const expansions = expansionsOf(span);
    const inside = new Set<string>();
    for (const { phrase, alternatives } of expansions) {
      const own = this.#indexesOf(phrase);
      for (const term of tokenise(phrase)) inside.add(term);
      this.#concepts.push({
        own,
        alternatives: alternatives.map(({ text, factor }) => ({ factor, terms: this.#indexesOf(text) })),
      });
    }
    for (const term of new Set(tokenise(span))) {
      if (inside.has(term)) continue;
      const index = this.#indexOf(term);
      if (index !== null) this.#concepts.push({ own: [index], alternatives: [] });
    }
  }

  finish(): { terms: PlannedTerm[]; concepts: Concept[] } {
    return { terms: this.#terms, concepts: this.#concepts };
  }

  #indexesOf(text: string): number[] {
    const indexes = tokenise(text).map((term) => this.#indexOf(term));
    return [...new Set(indexes.filter((index) => index !== null))];
  }

  #indexOf(term: string): number | null {
    const weight = weightOf(term);
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
