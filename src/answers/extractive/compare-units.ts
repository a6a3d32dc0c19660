// Do two units say the same, or speak of the same thing with different figures?

import type { IndexedUnit } from './evidence.ts';

/** Share of the shorter text's terms from which two units count as one statement, when their figures agree. */
const SAME_OVERLAP = 0.8;
/** Share of terms from which two units count as being about one subject. */
const SUBJECT_OVERLAP = 0.45;

/** Single characters and bare figures. */
const NO_WORD = /^(?:\p{Script=Han}|[\d.,%]+.{0,2})$/u;

/** Same words and same figures, so that one can stand for both. */
export function saysTheSame(left: IndexedUnit, right: IndexedUnit): boolean {
  if (left.text === right.text) return true;
  // Rows of a table differ in one cell, and that cell is the point.
  if (left.kind === 'row' || right.kind === 'row') return false;
  const ratio = Math.min(left.text.length, right.text.length) / Math.max(left.text.length, right.text.length);
  return (
    ratio > 0.5 &&
    overlap(left, right) >= SAME_OVERLAP &&
    statementOf(left).figures.join() === statementOf(right).figures.join()
  );
}

/** About the same subject, with a figure of one kind and unit that differs. */
export function contradicts(left: IndexedUnit, right: IndexedUnit): boolean {
  if (left.passage.chunk.documentId === right.passage.chunk.documentId) return false;
  if (overlap(left, right) < SUBJECT_OVERLAP) return false;
  const ours = statementOf(left).figures;
  const theirs = statementOf(right).figures;
  const unitsOf = (list: readonly string[]) => new Set(list.map((figure) => figure.split('|')[0] as string));
  const shared = [...unitsOf(ours)].filter((unit) => unitsOf(theirs).has(unit));
  return shared.some((unit) => {
    const mine = ours.filter((figure) => figure.startsWith(`${unit}|`));
    return !mine.some((figure) => theirs.includes(figure));
  });
}

interface Statement {
  /** `unit|value`, sorted, each once. */
  figures: readonly string[];
  /** Word pairs and Latin words. */
  words: ReadonlySet<string>;
}

/** Worked out once for each unit that is compared. */
const statements = new WeakMap<IndexedUnit, Statement>();

function statementOf(unit: IndexedUnit): Statement {
  let statement = statements.get(unit);
  if (statement === undefined) {
    const figures = unit.segments
      .flatMap((segment) => segment.quantities)
      .filter((quantity) => quantity.kind !== 'count' && quantity.value !== null)
      .map((quantity) => `${quantity.unit}|${quantity.value}`);
    const words = [...unit.terms].filter((term) => !NO_WORD.test(term));
    statement = { figures: [...new Set(figures)].sort(), words: new Set(words) };
    statements.set(unit, statement);
  }
  return statement;
}

/** Share of the smaller unit's words that the other holds too. */
function overlap(left: IndexedUnit, right: IndexedUnit): number {
  const ours = statementOf(left).words;
  const theirs = statementOf(right).words;
  const smaller = Math.min(ours.size, theirs.size);
  const shared = [...ours].filter((word) => theirs.has(word)).length;
  return smaller === 0 ? 0 : shared / smaller;
}
