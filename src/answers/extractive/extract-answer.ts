// The answerer that needs no model: quotes the sentences that answer the question, or declines.

import type { ExtractiveAnswer, Passage } from '../ports.ts';
import { declineAnswer } from './decline.ts';
import type { IndexedPassage } from './evidence.ts';
import { presentUnit } from './present-unit.ts';
import { rankUnits } from './rank-units.ts';
import { type SelectionLimits, selectUnits } from './select-units.ts';
import { answerableParts } from './sufficiency.ts';

export type ExtractOptions = Partial<SelectionLimits>;

const DEFAULT_LIMITS: SelectionLimits = { maxUnits: 4, maxCharacters: 800 };

/** Quotes verbatim, cites every sentence, and declines when the passages do not hold the answer. Pure; needs no model. */
export function extractAnswer(
  question: string,
  passages: readonly Passage[],
  options: ExtractOptions = {},
): ExtractiveAnswer {
  const ranked = rankUnits(question, passages);
  const answerable = answerableParts(question, ranked);
  if (answerable.length === 0) return declineAnswer(passages, ranked.language);
  const chosen = selectUnits(
    answerable.map(({ ranking }) => ranking),
    { ...DEFAULT_LIMITS, ...options },
  );
  const sentences = chosen.map((selected) => ({
    text: presentUnit(selected, passageOf(ranked.passages, selected.unit.passage), ranked.language),
    citations: selected.citations.sort((left, right) => left - right),
  }));
  return { declined: false, sentences };
}

function passageOf(indexed: readonly IndexedPassage[], passage: Passage): IndexedPassage {
  return indexed.find((candidate) => candidate.passage === passage) as IndexedPassage;
}
