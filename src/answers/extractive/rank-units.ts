// Every unit of every passage, ranked for each part of the question.

import { planQuery } from '../../knowledge/search/query-plan.ts';
import type { Passage } from '../ports.ts';
import { conceptsOf, coverage, heldConcepts } from './concepts.ts';
import { type Replacement, replacedDocuments } from './editions.ts';
import {
  type Evidence,
  evidenceOf,
  type IndexedPassage,
  type IndexedUnit,
  indexPassage,
  NO_EVIDENCE,
  scoreOf,
} from './evidence.ts';
import { analyseQuestion, type Expectation, type Language, type QuestionPart } from './question.ts';
import type { RankedUnit } from './select-units.ts';
import { splitPassage } from './split-passage.ts';

/** How much the order that retrieval gave counts beside the unit's own evidence. */
const RETRIEVAL_SHARE = 0.5;
/** A sentence that only leads to a table or a list which stands elsewhere. */
const LEAD_IN = /[:：]$/u;
const LEAD_IN_SHARE = 0.6;
/** What a unit of a document that has a newer edition counts beside one that has none. */
const REPLACED_SHARE = 0.65;
/** The same where its owner says that it is no longer in force. */
const WITHDRAWN_SHARE = 0.3;

export interface RankedPart {
  expects: Expectation;
  /** Best first. */
  ranking: RankedUnit[];
  /** What the best unit shows. */
  best: Evidence;
  /** The highest coverage of any unit, right kind of answer or not. */
  topCoverage: number;
  /** Share of the property asked for that the best unit's passage names; 1 where none is asked for by name. */
  propertyShare: number;
  /** Share of the focus that stands with the best unit's answer; 1 where the question has none. */
  focusShare: number;
}

export interface RankedQuestion {
  language: Language;
  passages: readonly IndexedPassage[];
  parts: readonly RankedPart[];
}

export function rankUnits(question: string, passages: readonly Passage[]): RankedQuestion {
  const { language, context, parts } = analyseQuestion(question);
  const replaced = replacedDocuments(question, passages);
  const indexed = passages.map((passage) => indexPassage(passage, splitPassage(passage)));
  const ranked = parts.map((part) => {
    // What stands on the lines before the last counts less.
    const around = parts.length > 1 ? [context, ...parts.map(({ text }) => text)] : [context];
    const asked = [...around, part.text]
      .map((line) => line.replaceAll('\n', ' '))
      .filter((line) => line !== '');
    return rankPart(asked.join('\n'), part, indexed, replaced);
  });
  return { language, passages: indexed, parts: ranked };
}

function rankPart(
  asked: string,
  { expects, property, focus }: QuestionPart,
  passages: readonly IndexedPassage[],
  replaced: ReadonlyMap<string, Replacement>,
): RankedPart {
  const part: RankedPart = {
    expects,
    ranking: [],
    best: NO_EVIDENCE,
    topCoverage: 0,
    propertyShare: 1,
    focusShare: 1,
  };
  const topRetrieval = Math.max(...passages.map(({ passage }) => passage.score), Number.MIN_VALUE);
  const plan = planQuery(asked);
  const amongPassages = conceptsOf(
    plan,
    passages.map(({ terms }) => terms),
  );
  let bestScore = -1;
  for (const passage of passages) {
    const amongUnits = conceptsOf(
      plan,
      passage.units.map(({ terms }) => terms),
    );
    const retrieval = 1 - RETRIEVAL_SHARE + (RETRIEVAL_SHARE * passage.passage.score) / topRetrieval;
    const replacement = replaced.get(passage.passage.chunk.documentId) ?? null;
    const standing =
      replacement === null ? 1 : replacement.withdrawn === true ? WITHDRAWN_SHARE : REPLACED_SHARE;
    for (const unit of passage.units) {
      const evidence = evidenceOf(unit, passage, { amongUnits, amongPassages }, expects);
      const said = unit.kind === 'sentence' && LEAD_IN.test(unit.text) ? LEAD_IN_SHARE : 1;
      const score = scoreOf(evidence) * retrieval * standing * said;
      const held = heldConcepts(amongPassages, unit.terms);
      part.ranking.push({
        unit,
        score,
        own: evidence.own,
        segment: evidence.segment,
        expects,
        held,
        replacement,
      });
      part.topCoverage = Math.max(part.topCoverage, evidence.coverage);
      if (score <= bestScore) continue;
      part.best = evidence;
      part.propertyShare = property === null ? 1 : shareIn(passage.terms, property);
      part.focusShare = focus === null ? 1 : shareIn(around(unit, evidence.segment, passage), focus);
      bestScore = score;
    }
  }
  part.ranking.sort((left, right) => right.score - left.score);
  return part;
}

function shareIn(terms: ReadonlySet<string>, words: string): number {
  return coverage(conceptsOf(planQuery(words), [terms]), (term) => (terms.has(term) ? 1 : 0));
}

/** What stands with the segment that answers: its own words, what introduces it, title and headings. */
function around(unit: IndexedUnit, segment: number, passage: IndexedPassage): ReadonlySet<string> {
  return passage.frame.union(unit.segments[segment]?.terms ?? unit.terms).union(unit.headTerms);
}
