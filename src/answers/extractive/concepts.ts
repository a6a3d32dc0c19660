// The notions that a question turns on, and how much of them a text holds.

import type { PlannedTerm, QueryPlan } from '../../knowledge/search/query-plan.ts';
import { normalise } from '../../knowledge/text/normalise.ts';
import { tokenise } from '../../knowledge/text/tokenise.ts';

/** One notion: the question's own words first, then other words that may stand for it. */
export interface Concept {
  /** How much the notion tells: common ones little, rare ones much. */
  mass: number;
  options: readonly { factor: number; terms: readonly PlannedTerm[] }[];
}

/** Even a notion that every passage holds counts a little. */
const COMMON_NOTION_RARITY = 0.3;
/** Saying a notion again stresses it, up to a point; one that only the context says counts less. */
const MAX_REPEATS = 4;
/** What the context may weigh in all, beside what is asked. */
const CONTEXT_SHARE = 0.6;
/** Share of a notion's words from which a passage counts as holding it. */
const HOLDS = 0.5;

/** Terms of any text, as the search index forms them. */
export function termsOf(text: string): Set<string> {
  return new Set(tokenise(normalise(text)));
}

/** Weighs each notion by how few of the texts hold it; one that none holds weighs most. */
export function conceptsOf(plan: QueryPlan, texts: readonly ReadonlySet<string>[]): Concept[] {
  const pick = (indexes: readonly number[]) => indexes.map((index) => plan.terms[index] as PlannedTerm);
  const repeats = new Map<string, number>();
  for (const { own, weight } of plan.concepts) {
    repeats.set(own.join(), (repeats.get(own.join()) ?? 0) + weight);
  }
  const concepts = new Map<string, Concept>();
  const context: Concept[] = [];
  for (const { own, alternatives } of plan.concepts) {
    if (concepts.has(own.join())) continue;
    const options = [
      { factor: 1, terms: pick(own) },
      ...alternatives.map(({ factor, terms }) => ({ factor, terms: pick(terms) })),
    ];
    const holders = texts.filter(
      (held) => shareOf(options, (term) => (held.has(term) ? 1 : 0)) >= HOLDS,
    ).length;
    const rarity = Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5));
    const weight = pick(own).reduce((total, term) => total + term.weight, 0);
    const count = Math.min(MAX_REPEATS, repeats.get(own.join()) ?? 1);
    const concept = { mass: count * weight * (COMMON_NOTION_RARITY + rarity), options };
    concepts.set(own.join(), concept);
    if (count < 1) context.push(concept);
  }
  limitContext([...concepts.values()], context);
  return [...concepts.values()];
}

/** Share of the notions' weight that a text covers, 0 to 1; `has` says what a term that it holds is worth. */
export function coverage(concepts: readonly Concept[], has: (term: string) => number): number {
  let total = 0;
  let covered = 0;
  for (const { mass, options } of concepts) {
    total += mass;
    covered += mass * shareOf(options, has);
  }
  return total === 0 ? 0 : covered / total;
}

/** However long the earlier questions were, what is asked now says more than all of them. */
function limitContext(concepts: readonly Concept[], context: readonly Concept[]): void {
  const total = (list: readonly Concept[]) => list.reduce((sum, { mass }) => sum + mass, 0);
  const contextMass = total(context);
  const limit = CONTEXT_SHARE * (total(concepts) - contextMass);
  if (contextMass <= limit || limit === 0) return;
  for (const concept of context) concept.mass *= limit / contextMass;
}

/** Which of the notions a text holds, by their place in the list. */
export function heldConcepts(concepts: readonly Concept[], terms: ReadonlySet<string>): Set<number> {
  const has = (term: string) => (terms.has(term) ? 1 : 0);
  const held = new Set<number>();
  concepts.forEach(({ options }, at) => {
    if (shareOf(options, has) >= HOLDS) held.add(at);
  });
  return held;
}

function shareOf(options: Concept['options'], has: (term: string) => number): number {
  let best = 0;
  for (const { factor, terms } of options) {
    let total = 0;
    let present = 0;
    for (const { term, weight } of terms) {
      total += weight;
      present += weight * has(term);
    }
    if (total > 0) best = Math.max(best, factor === 1 ? present / total : factor * (present / total) ** 2);
  }
  return best;
}
