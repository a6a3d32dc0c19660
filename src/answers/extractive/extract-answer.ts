// The answerer that needs no model: quotes the sentences that answer the question, or declines.

import type { ExtractiveAnswer, Passage } from '../ports.ts';
import { declineAnswer } from './decline.ts';
import { presentUnits } from './present-unit.ts';
import { rankUnits } from './rank-units.ts';
import { type SelectionLimits, selectUnits } from './select-units.ts';
import { answerableParts } from './sufficiency.ts';

export type ExtractOptions = Partial<SelectionLimits>;

const DEFAULT_LIMITS: SelectionLimits = { maxUnits: 4, maxCharacters: 800 };
/** What a person asks fits; the rest of a pasted page would only cost time. */
const MAX_QUESTION_CHARS = 2_000;

/** Quotes verbatim, cites every sentence, and declines when the passages do not hold the answer. Pure; needs no model. */
export function extractAnswer(
  question: string,
  passages: readonly Passage[],
  options: ExtractOptions = {},
): ExtractiveAnswer {
  const asked = question.slice(0, MAX_QUESTION_CHARS);
  const ranked = rankUnits(asked, passages);
  const answerable = answerableParts(asked, ranked);
  if (answerable.length === 0) return declineAnswer(passages, ranked.language);
  const chosen = selectUnits(
    answerable.map(({ ranking }) => ranking),
    { ...DEFAULT_LIMITS, ...options },
  );
  return { declined: false, sentences: presentUnits(chosen, ranked.passages, ranked.language) };
}
