// The answerer that needs no model: quotes the sentences that answer the question, or declines.

import type { ExtractiveAnswer, Passage } from '../ports.ts';
import { conceptsOf } from './concepts.ts';
import { coversPart, declineAnswer, type PartEvidence } from './decline.ts';
import { evidenceOf, type IndexedPassage, indexPassage, NO_EVIDENCE, scoreOf } from './evidence.ts';
import { presentUnit } from './present-unit.ts';
import { analyseQuestion, type Expectation } from './question.ts';
import { type RankedUnit, type SelectionLimits, selectUnits } from './select-units.ts';
import { splitPassage } from './split-passage.ts';

export interface ExtractOptions extends Partial<SelectionLimits> {}

const DEFAULT_LIMITS: SelectionLimits = { maxUnits: 4, maxCharacters: 800 };

/** How much the order that retrieval gave counts beside the unit's own evidence. */
const RETRIEVAL_SHARE = 0.3;

interface RankedPart {
  ranking: RankedUnit[];
  evidence: PartEvidence;
}

/** Quotes verbatim, cites every sentence, and declines when the passages do not hold the answer. Pure; needs no model. */
export function extractAnswer(
  question: string,
  passages: readonly Passage[],
  options: ExtractOptions = {},
): ExtractiveAnswer {
  const { language, parts } = analyseQuestion(question);
  const indexed = passages.map((passage) => indexPassage(passage, splitPassage(passage)));
  const pool = indexed.map((passage) => passage.terms);
  const ranked = parts.map((part) => {
    const asked = parts.length > 1 ? `${part.text}\n${question}` : question;
    return rankPart(asked, part.expects, indexed, pool);
  });
  const answerable = ranked.filter(({ evidence }) => coversPart(evidence));
  if (answerable.length === 0) return declineAnswer(passages, language);
  const limits = { ...DEFAULT_LIMITS, ...options };
  const chosen = selectUnits(
    answerable.map(({ ranking }) => ranking),
    limits,
  );
  const sentences = chosen.map((selected) => ({
    text: presentUnit(selected, passageOf(indexed, selected.unit.passage), language),
    citations: selected.citations.sort((left, right) => left - right),
  }));
  return { declined: false, sentences };
}

function rankPart(
  asked: string,
  expects: Expectation,
  passages: readonly IndexedPassage[],
  pool: readonly ReadonlySet<string>[],
): RankedPart {
  const amongPassages = conceptsOf(asked, pool);
  const ranking: RankedUnit[] = [];
  let best = NO_EVIDENCE;
  let bestScore = -1;
  let topCoverage = 0;
  for (const passage of passages) {
    const amongUnits = conceptsOf(
      asked,
      passage.units.map((unit) => unit.terms),
    );
    for (const unit of passage.units) {
      const evidence = evidenceOf(unit, passage, { amongUnits, amongPassages }, expects);
      const score = scoreOf(evidence) * (1 - RETRIEVAL_SHARE + RETRIEVAL_SHARE * passage.passage.score);
      ranking.push({ unit, score, segment: evidence.segment });
      topCoverage = Math.max(topCoverage, evidence.coverage);
      if (score > bestScore) {
        best = evidence;
        bestScore = score;
      }
    }
  }
  ranking.sort((left, right) => right.score - left.score);
  return { ranking, evidence: { expects, best, topCoverage } };
}

function passageOf(indexed: readonly IndexedPassage[], passage: Passage): IndexedPassage {
  return indexed.find((candidate) => candidate.passage === passage) as IndexedPassage;
}
