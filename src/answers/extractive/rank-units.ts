// Every unit of every passage, ranked for each part of the question.

import { planQuery } from '../../knowledge/search/query-plan.ts';
import type { Passage } from '../ports.ts';
import { conceptsOf } from './concepts.ts';
import {
  type Evidence,
  evidenceOf,
  type IndexedPassage,
  indexPassage,
  NO_EVIDENCE,
  scoreOf,
} from './evidence.ts';
import { analyseQuestion, type Expectation, type Language } from './question.ts';
import type { RankedUnit } from './select-units.ts';
import { splitPassage } from './split-passage.ts';

/** How much the order that retrieval gave counts beside the unit's own evidence. */
const RETRIEVAL_SHARE = 0.3;

export interface RankedPart {
  expects: Expectation;
  /** Best first. */
  ranking: RankedUnit[];
  /** What the best unit shows. */
  best: Evidence;
  /** The highest coverage of any unit, right kind of answer or not. */
  topCoverage: number;
}

export interface RankedQuestion {
  language: Language;
  passages: readonly IndexedPassage[];
  parts: readonly RankedPart[];
}

export function rankUnits(question: string, passages: readonly Passage[]): RankedQuestion {
  const { language, parts } = analyseQuestion(question);
  const indexed = passages.map((passage) => indexPassage(passage, splitPassage(passage)));
  const ranked = parts.map((part) => {
    const asked = parts.length > 1 ? `${part.text}\n${part.text}\n${question}` : question;
    return rankPart(asked, part.expects, indexed);
  });
  return { language, passages: indexed, parts: ranked };
}

function rankPart(asked: string, expects: Expectation, passages: readonly IndexedPassage[]): RankedPart {
  const part: RankedPart = { expects, ranking: [], best: NO_EVIDENCE, topCoverage: 0 };
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
    for (const unit of passage.units) {
      const evidence = evidenceOf(unit, passage, { amongUnits, amongPassages }, expects);
      const score = scoreOf(evidence) * retrieval;
      part.ranking.push({ unit, score, segment: evidence.segment, expects });
      part.topCoverage = Math.max(part.topCoverage, evidence.coverage);
      if (score <= bestScore) continue;
      part.best = evidence;
      bestScore = score;
    }
  }
  part.ranking.sort((left, right) => right.score - left.score);
  return part;
}
