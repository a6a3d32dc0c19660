// Do two units say the same, or speak of the same thing with different figures?

import type { IndexedUnit } from './evidence.ts';

/** Share of the shorter text's terms from which two units count as one statement, when their figures agree. */
const SAME_OVERLAP = 0.8;
/** Share of terms from which two units count as being about one subject. */
const SUBJECT_OVERLAP = 0.45;

/** Same words and same figures, so that one can stand for both. */
export function saysTheSame(left: IndexedUnit, right: IndexedUnit): boolean {
  if (left.text === right.text) return true;
  // Rows of a table differ in one cell, and that cell is the point.
  if (left.kind === 'row' || right.kind === 'row') return false;
  const ratio = Math.min(left.text.length, right.text.length) / Math.max(left.text.length, right.text.length);
  return (
    ratio > 0.5 && overlap(left, right) >= SAME_OVERLAP && figures(left).join() === figures(right).join()
  );
}

/** About the same subject, with a figure of one kind and unit that differs. */
export function contradicts(left: IndexedUnit, right: IndexedUnit): boolean {
  if (left.passage.chunk.documentId === right.passage.chunk.documentId) return false;
  if (overlap(left, right) < SUBJECT_OVERLAP) return false;
  const ours = figures(left);
  const theirs = figures(right);
  const unitsOf = (list: readonly string[]) => new Set(list.map((figure) => figure.split('|')[0] as string));
  const shared = [...unitsOf(ours)].filter((unit) => unitsOf(theirs).has(unit));
  return shared.some((unit) => {
    const mine = ours.filter((figure) => figure.startsWith(`${unit}|`));
    return !mine.some((figure) => theirs.includes(figure));
  });
}

/** Figures as `unit|value`, sorted, each once. */
function figures(unit: IndexedUnit): string[] {
  const found = unit.segments
    .flatMap((segment) => segment.quantities)
    .filter((quantity) => quantity.kind !== 'count' && quantity.value !== null)
    .map((quantity) => `${quantity.unit}|${quantity.value}`);
  return [...new Set(found)].sort();
}

/** Share of the smaller unit's word pairs that the other holds too. */
function overlap(left: IndexedUnit, right: IndexedUnit): number {
  const words = (unit: IndexedUnit) =>
    [...unit.terms].filter((term) => !/^(?:\p{Script=Han}|[\d.,%]+.{0,2})$/u.test(term));
  const ours = words(left);
  const theirs = new Set(words(right));
  const smaller = Math.min(ours.length, theirs.size);
  return smaller === 0 ? 0 : ours.filter((term) => theirs.has(term)).length / smaller;
}
