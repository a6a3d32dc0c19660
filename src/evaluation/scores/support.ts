/**
 * Whether words follow from a passage, told without a model, so that it says the same each time.
 *
 * A sentence counts as supported when the passages hold at least half of its words and all of its figures. Words are the
 * index terms of the product (pairs of Han characters, stems of English words); a figure is an amount with its unit, a
 * number or an article number, in one spelling (三十日, 30日 and 30天 are one). This is token-level precision against the
 * evidence, the K-Precision of Adlakha and others (2024, "Evaluating Correctness and Faithfulness of Instruction-
 * Following Models for Question Answering"), sharpened by figures. It sees made-up figures and foreign matter; a `not`
 * too many it does not see, which is what the judge is for.
 */
import type { SupportCounts } from '../../contract/evaluation.ts';
import { normalise } from '../../knowledge/text/normalise.ts';
import { sentenceRanges } from '../../knowledge/text/sentences.ts';
import { tokenise } from '../../knowledge/text/tokenise.ts';

/** Share of a sentence's words that the passages have to hold. */
export const SUPPORTED_SHARE = 0.5;
/** A sentence with fewer words states nothing: "As follows:". */
const MIN_CLAIM_WORDS = 3;

const MARK = /[[［【]\s*[\d０-９]{1,3}(?:\s*[,，、;；\-–~～]\s*[\d０-９]{1,3})*\s*[\]］】](?!\()/gu;
const HAN = /\p{Script=Han}/u;
const FIGURE = /^第?\d/u;
const LATIN_WORD = /^[a-z]/u;
/** The number of a list's item is no figure of the text. */
const LIST_NUMBER = /^\s*(?:[-*•#>]+\s*)*(?:\(?\d{1,3}[.)、]\s+|（\d{1,3}）)?/u;

export type Support = 'supported' | 'unsupported' | 'unknown';

export function withoutMarks(text: string): string {
  return text.replaceAll(MARK, '');
}

/** The answer's sentences, without marks of citations and lists. */
export function claimsIn(answer: string): string[] {
  const text = withoutMarks(answer);
  return sentenceRanges(text)
    .map(({ start, end }) => text.slice(start, end).replace(LIST_NUMBER, '').trim())
    .filter((sentence) => isClaim(sentence));
}

export function supportOf(statement: string, evidence: readonly string[]): Support {
  const held = new Set(evidence.flatMap((text) => termsOf(text)));
  return supportIn(
    statement,
    held,
    evidence.some((text) => HAN.test(text)),
  );
}

/** How many of the answer's claims the passages support. */
export function supportCounts(answer: string, evidence: readonly string[]): SupportCounts {
  const held = new Set(evidence.flatMap((text) => termsOf(text)));
  const isHan = evidence.some((text) => HAN.test(text));
  const found = claimsIn(answer).map((claim) => supportIn(claim, held, isHan));
  return {
    claims: found.length,
    supported: found.filter((support) => support === 'supported').length,
    unknown: found.filter((support) => support === 'unknown').length,
  };
}

function supportIn(statement: string, held: ReadonlySet<string>, evidenceIsHan: boolean): Support {
  const terms = [...new Set(termsOf(withoutMarks(statement)))];
  const figures = terms.filter((term) => FIGURE.test(term));
  if (figures.some((figure) => !held.has(figure))) return 'unsupported';
  const words = terms.filter((term) => isWord(term));
  const shared = words.filter((word) => held.has(word)).length;
  if (words.length > 0 && shared / words.length >= SUPPORTED_SHARE) return 'supported';
  // Words of one language are not found in passages of another; figures are, but for those of a list.
  if (evidenceIsHan !== HAN.test(statement)) return figures.length > 0 ? 'supported' : 'unknown';
  return words.length === 0 && figures.length === 0 ? 'unknown' : 'unsupported';
}

function termsOf(text: string): string[] {
  return tokenise(normalise(text));
}

/** Single Han characters are in nearly every text and tell nothing. */
function isWord(term: string): boolean {
  return !FIGURE.test(term) && (LATIN_WORD.test(term) || [...term].length > 1);
}

function isClaim(sentence: string): boolean {
  if (/[：:]$/u.test(sentence)) return false;
  const terms = new Set(termsOf(sentence));
  return [...terms].filter(isWord).length >= MIN_CLAIM_WORDS || [...terms].some((term) => FIGURE.test(term));
}
