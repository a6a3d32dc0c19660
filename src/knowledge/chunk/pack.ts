/** Packs the units of a section into ranges that fit the token limit, cutting where a reader would pause. */
import { estimateTokens } from '../text/estimate-tokens.ts';
import { sentenceRanges, type TextRange } from '../text/sentences.ts';
import type { Unit } from './outline.ts';

export interface PackLimits {
  maxTokens: number;
  overlapTokens: number;
}

/** A range that is kept whole. `unit` is the index of the unit that it is a part of. */
interface Atom extends TextRange {
  tokens: number;
  unit: number;
}

const CLAUSE_END = /[，,；;：:、\s]/;

/** Ranges in order that cover all units; each but the first may repeat the last sentences of the one before. */
export function pack(units: readonly Unit[], limits: PackLimits): TextRange[] {
  const atoms = units.flatMap((unit, index) => atomsOf(unit, index, limits.maxTokens));
  const groups = keepListsTogether(atoms, units, limits.maxTokens);
  const total = groups.reduce((sum, group) => sum + group.tokens, 0);
  const pieces = Math.max(1, Math.ceil(total / limits.maxTokens));
  const target = total / pieces;
  const ranges: TextRange[] = [];
  let open: Atom[] = [];
  let tokens = 0;
  const close = () => {
    const first = open[0];
    const last = open.at(-1);
    if (first !== undefined && last !== undefined) ranges.push({ start: first.start, end: last.end });
    open = [];
    tokens = 0;
  };
  for (const group of groups) {
    const full = tokens + group.tokens > limits.maxTokens || (pieces > 1 && tokens >= target);
    if (open.length > 0 && full) {
      const before = open;
      close();
      open = overlap(before, group, limits);
      tokens = open.reduce((sum, atom) => sum + atom.tokens, 0);
    }
    open.push(group);
    tokens += group.tokens;
  }
  close();
  return ranges;
}

/** Sentences of the same paragraph that the next chunk repeats, so that a thought cut in two stays readable. */
function overlap(before: readonly Atom[], next: Atom, limits: PackLimits): Atom[] {
  const room = Math.min(limits.overlapTokens, limits.maxTokens - next.tokens);
  const repeated: Atom[] = [];
  let tokens = 0;
  for (const atom of before.slice(1).reverse()) {
    if (atom.unit !== next.unit || tokens + atom.tokens > room) break;
    repeated.unshift(atom);
    tokens += atom.tokens;
  }
  return repeated;
}

function atomsOf(unit: Unit, index: number, maxTokens: number): Atom[] {
  const tokens = estimateTokens(unit.text);
  if (tokens <= maxTokens) return [{ start: unit.start, end: unit.end, tokens, unit: index }];
  return sentenceRanges(unit.text, { atSemicolons: true })
    .flatMap((range) => withinLimit(unit.text, range, maxTokens))
    .map((range) => ({
      start: unit.start + range.start,
      end: unit.start + range.end,
      tokens: estimateTokens(unit.text.slice(range.start, range.end)),
      unit: index,
    }));
}

/** Cuts a sentence that is too long at clauses, and where it has none, anywhere but inside a surrogate pair. */
function withinLimit(text: string, range: TextRange, maxTokens: number): TextRange[] {
  if (estimateTokens(text.slice(range.start, range.end)) <= maxTokens) return [range];
  const ranges: TextRange[] = [];
  let start = range.start;
  while (start < range.end) {
    const end = cutPoint(text, start, range.end, maxTokens);
    ranges.push({ start, end });
    start = end;
  }
  return ranges;
}

function cutPoint(text: string, start: number, limit: number, maxTokens: number): number {
  // A character costs two tokens at most, so this many always fit.
  let end = Math.min(limit, start + Math.max(1, Math.floor(maxTokens / 2)));
  while (
    end < limit &&
    estimateTokens(text.slice(start, end + 1)) <= maxTokens &&
    end - start < maxTokens * 3
  )
    end += 1;
  if (end === limit) return end;
  for (let index = end; index > start + (end - start) / 2; index -= 1) {
    if (CLAUSE_END.test(text[index - 1] as string)) return index;
  }
  const splitsPair = /[\ud800-\udbff]/.test(text[end - 1] as string) && end - start > 1;
  return splitsPair ? end - 1 : end;
}

/** The sentence that introduces a list, and as many of its items as fit, stay in one piece. */
function keepListsTogether(atoms: readonly Atom[], units: readonly Unit[], maxTokens: number): Atom[] {
  const groups: Atom[] = [];
  let introduces = false;
  for (const atom of atoms) {
    const unit = units[atom.unit] as Unit;
    const group = groups.at(-1);
    const continues = introduces && (unit.kind === 'list-item' || unit.kind === 'table-row');
    if (group !== undefined && continues && group.tokens + atom.tokens <= maxTokens) {
      group.end = atom.end;
      group.tokens += atom.tokens;
    } else {
      groups.push({ ...atom });
      introduces = false;
    }
    if (unit.kind !== 'list-item' && unit.kind !== 'table-row') introduces = /[：:]$/.test(unit.text);
  }
  return groups;
}
