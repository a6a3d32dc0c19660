// Whether the passages hold enough of the question to answer it, or the honest answer is that they do not.

import type { Passage } from '../ports.ts';
import type { RankedPart, RankedQuestion } from './rank-units.ts';

/**
 * How much evidence an answer needs, on a scale from 0 to 3. Someone who tells of their own case uses everyday words
 * that no document holds, so less is asked there; a question in the language of documents should find its words.
 */
const NEEDED = { formal: 0.62, personal: 0.48 };

/** A short question names little but its subject, so a subject that is not found weighs more. */
const SHORT_QUESTION_WORDS = 12;
const SHORT_QUESTION_EXTRA = 0.21;

/** The lexical score that counts as full evidence: even exact questions seldom reach more. */
const FULL_LEXICAL_SCORE = 0.3;
/** Words that a text dwells on tell more of its subject than words that it holds somewhere. */
const LEXICAL_WEIGHT = 2;
/** Stands in for what retrieval would say where the passages come without its evidence. */
const OWN_COVERAGE_FACTOR = 6;

/** Share of the words of a property from which it counts as named, and what evidence is worth where it is not. */
const NAMED_PROPERTY = 0.25;
const UNNAMED_PROPERTY_FACTOR = 0.2;
/**
 * The same for an answer that stands without the word next to the question word. A figure has to be named, as 三年 for
 * 多长的医疗期; other answers may say by themselves what they are, as 四川人 does for 籍贯.
 */
const UNNAMED_FOCUS_FACTOR = { figure: 0.6, other: 0.75 };

const PERSONAL = /我|咱|俺|你|老板|啊|呀|吗|呢|咋|啥|吧|嘛|[不没][？?]?$|\b(?:i|i'm|we|my|our|me|us)\b/iu;

/** The parts of the question that can be answered; none means decline. */
export function answerableParts(question: string, ranked: RankedQuestion): RankedPart[] {
  const lines = question.trim().split('\n');
  const needed = neededEvidence(lines.at(-1) as string, lines.length > 1);
  const retrieval = retrievalEvidence(ranked.passages.map(({ passage }) => passage));
  return ranked.parts.filter((part) => {
    if (part.ranking.length === 0 || part.best.coverage === 0) return false;
    if (part.expects.kind === 'quantity' && part.best.answerType === 0) return false;
    const aboutness = retrieval ?? OWN_COVERAGE_FACTOR * part.best.coverage;
    return (
      aboutness * subjectShare(part) * propertyFactor(part) * (0.5 + 0.5 * part.best.answerType) >= needed
    );
  });
}

function neededEvidence(question: string, followsUp: boolean): number {
  const words = question.match(/\p{Script=Han}|[a-z\d]+/giu) ?? [];
  const register = PERSONAL.test(question) ? NEEDED.personal : NEEDED.formal;
  return register + (words.length <= SHORT_QUESTION_WORDS && !followsUp ? SHORT_QUESTION_EXTRA : 0);
}

/** 0 to 3, from what retrieval knows of the whole knowledge base; null where the hits do not say. */
function retrievalEvidence(passages: readonly Passage[]): number | null {
  const coverages = passages.flatMap(({ coverage }) => (coverage === undefined ? [] : [coverage]));
  const scores = passages.flatMap(({ lexical }) => (lexical === undefined ? [] : [lexical]));
  if (coverages.length === 0 || scores.length === 0) return null;
  return Math.max(...coverages) + LEXICAL_WEIGHT * Math.min(1, Math.max(...scores) / FULL_LEXICAL_SCORE);
}

/** A figure that stands away from the subject answers another question: 婚假 in one place, five days in another. */
function subjectShare({ expects, best, topCoverage }: RankedPart): number {
  if (expects.kind !== 'quantity' || topCoverage === 0) return 1;
  return 0.3 + 0.7 * (best.coverage / topCoverage);
}

/** A passage on the right subject that never names the property asked for tells of another. */
function propertyFactor({ expects, propertyShare, focusShare }: RankedPart): number {
  if (propertyShare < NAMED_PROPERTY) return UNNAMED_PROPERTY_FACTOR;
  if (focusShare >= NAMED_PROPERTY) return 1;
  return expects.kind === 'quantity' ? UNNAMED_FOCUS_FACTOR.figure : UNNAMED_FOCUS_FACTOR.other;
}
