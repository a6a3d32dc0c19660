// Chooses the units that make the answer: the best for each part of the question, then what adds to it or differs.

import { contradicts, saysTheSame } from './compare-units.ts';
import type { Replacement } from './editions.ts';
import type { IndexedUnit } from './evidence.ts';
import type { Expectation } from './question.ts';

export interface RankedUnit {
  unit: IndexedUnit;
  score: number;
  /** Share of the question that the unit holds itself. */
  own: number;
  /** Which segment of the unit matched best. */
  segment: number;
  /** What the part of the question asks for. */
  expects: Expectation;
  /** Which notions of the question the unit holds. */
  held: ReadonlySet<number>;
  /** The newer edition of the unit's document, if there is one. */
  replacement: Replacement | null;
}

export interface Selected extends RankedUnit {
  /** Passage numbers that carry the unit's statement. */
  citations: number[];
  /** Another document says something else: both are shown with document and date. */
  disputed: boolean;
}

export interface SelectionLimits {
  maxUnits: number;
  maxCharacters: number;
}

/** A further unit joins the answer when it scores at least this share of the best one. */
const FURTHER_UNIT_SHARE = 0.72;
/** … and holds itself at least this share of what the best one holds: borrowed words answer nothing. */
const FURTHER_OWN_SHARE = 0.4;
/** Where the best unit holds nearly all of the question itself, one that holds much less adds little. */
const FULL_OWN = 0.85;
const FURTHER_FULL_SHARE = 0.9;
/** The same for a unit of another document. */
const FURTHER_DOCUMENT_SHARE = 0.78;
/** Rows of one table resemble one another, so a further one must match almost as well. */
const FURTHER_ROW_SHARE = 0.88;
/** Units that may contradict the chosen ones are looked for among those with at least this share of the best score. */
const RIVAL_SHARE = 0.45;

/** `rankings` holds one list per part of the question, best first. */
export function selectUnits(
  rankings: readonly (readonly RankedUnit[])[],
  limits: SelectionLimits,
): Selected[] {
  const chosen: Selected[] = [];
  for (const ranking of rankings) {
    const best = ranking[0];
    if (best !== undefined) add(chosen, best, { ...limits, maxCharacters: Number.POSITIVE_INFINITY });
  }
  for (const ranking of rankings) {
    const best = ranking[0]?.score ?? 0;
    for (const candidate of ranking.slice(1)) {
      if (candidate.score < best * FURTHER_UNIT_SHARE) break;
      if (candidate.score < best * furtherShare(chosen, candidate, ranking[0] as RankedUnit)) continue;
      if (candidate.replacement !== null && ranking[0]?.replacement === null) continue;
      if (borrowsItsWords(candidate, ranking[0] as RankedUnit)) continue;
      if (addsNothing(chosen, candidate)) continue;
      add(chosen, candidate, limits);
    }
  }
  for (const ranking of rankings) addRivals(chosen, ranking);
  return chosen.toSorted(
    (left, right) => Number(left.replacement !== null) - Number(right.replacement !== null),
  );
}

function furtherShare(chosen: readonly Selected[], { unit, own }: RankedUnit, best: RankedUnit): number {
  const sameTable = ({ unit: other }: Selected) => other.kind === 'row' && other.passage === unit.passage;
  if (unit.kind === 'row' && chosen.some(sameTable)) return FURTHER_ROW_SHARE;
  if (best.own >= FULL_OWN && own < best.own * 0.35) return FURTHER_FULL_SHARE;
  const sameDocument = unit.passage.chunk.documentId === best.unit.passage.chunk.documentId;
  return sameDocument ? FURTHER_UNIT_SHARE : FURTHER_DOCUMENT_SHARE;
}

/** Prose goes on about its subject without naming it; a list, or a text from elsewhere, has to name it. */
function borrowsItsWords({ unit, own }: RankedUnit, best: RankedUnit): boolean {
  const goesOn = unit.kind === 'sentence' && unit.passage === best.unit.passage;
  return !goesOn && own < best.own * FURTHER_OWN_SHARE;
}

/** Some chosen unit holds all that the candidate holds of the question, and more. */
function addsNothing(chosen: readonly Selected[], { unit, held, expects }: RankedUnit): boolean {
  return chosen.some(
    (selected) =>
      selected.expects === expects &&
      ((expects.kind === 'yes-no' && unit.kind === 'list') ||
        (selected.unit.kind === 'row' && unit.kind === 'row')) &&
      selected.held.size > held.size &&
      [...held].every((concept) => selected.held.has(concept)),
  );
}

function add(chosen: Selected[], candidate: RankedUnit, limits: SelectionLimits): void {
  const number = candidate.unit.passage.number;
  const twin = chosen.find((selected) => saysTheSame(selected.unit, candidate.unit));
  if (twin !== undefined) {
    if (!twin.citations.includes(number)) twin.citations.push(number);
    return;
  }
  const length = chosen.reduce((total, selected) => total + selected.unit.text.length, 0);
  if (chosen.length >= limits.maxUnits || length + candidate.unit.text.length > limits.maxCharacters) return;
  chosen.push({ ...candidate, citations: [number], disputed: false });
}

/** Marks chosen units that contradict one another, and brings in a strong unit that contradicts a chosen one. */
function addRivals(chosen: Selected[], ranking: readonly RankedUnit[]): void {
  const best = ranking[0]?.score ?? 0;
  const answer = ranking[0]?.unit;
  for (const candidate of ranking) {
    if (candidate.score < best * RIVAL_SHARE) break;
    const already = chosen.find((selected) => selected.unit === candidate.unit);
    // Only what contradicts the answer itself is brought in, not what contradicts a remark beside it.
    const rival = chosen.find(
      ({ unit }) => (already !== undefined || unit === answer) && contradicts(unit, candidate.unit),
    );
    if (rival === undefined) continue;
    // What is declared out of force contradicts nothing that is in force.
    if (candidate.replacement?.withdrawn === true && rival.replacement === null) continue;
    if (already !== undefined) already.disputed = true;
    else if (!chosen.some((selected) => selected.disputed)) {
      chosen.push({ ...candidate, citations: [candidate.unit.passage.number], disputed: true });
    } else continue;
    rival.disputed = true;
  }
}
