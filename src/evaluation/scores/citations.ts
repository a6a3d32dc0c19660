/** Whether the citations of an answer lead somewhere, and whether what is there supports what they stand behind. */
import type { CitationCounts } from '../../contract/evaluation.ts';
import type { AskOutcome, CitedPlace, EvaluationTarget, GivenCitation } from '../target.ts';
import { type Support, supportOf, withoutMarks } from './support.ts';

/** How far back from a mark its sentence is looked for. */
const MAX_SENTENCE_CHARACTERS = 2_000;

export const NO_CITATIONS: CitationCounts = {
  total: 0,
  exists: 0,
  missing: 0,
  unknown: 0,
  supporting: 0,
  unsupporting: 0,
};

/**
 * A citation exists when its document is there and holds the quoted words; it supports its sentence when the passage
 * around those words does (`support.ts`). A mark behind several sentences stands for the last one, and marks side by
 * side support it together, as readers take them (Gao and others 2023, "Enabling Large Language Models to Generate Text
 * with Citations": citation recall over the union, here counted once for each mark).
 */
export async function checkCitations(
  target: EvaluationTarget,
  answer: AskOutcome,
  signal: AbortSignal,
): Promise<CitationCounts> {
  const counts = { ...NO_CITATIONS, total: answer.citations.length };
  const places: CitedPlace[] = [];
  for (const citation of answer.citations) places.push(await target.citedPlace(citation, signal));
  for (const [index, citation] of answer.citations.entries()) {
    const place = places[index] as CitedPlace;
    if (place.state === 'there') counts.exists += 1;
    else counts[place.state] += 1;
    const support = supportOfCitation(answer, citation, places);
    if (support === 'supported') counts.supporting += 1;
    if (support === 'unsupported') counts.unsupporting += 1;
  }
  return counts;
}

/** A passage with the name of its document and its place in it. */
export function describePlace(
  { document, article, headings }: Pick<GivenCitation, 'document' | 'article' | 'headings'>,
  text: string,
): string {
  return [document, ...headings, article ?? '', text].filter((part) => part !== '').join('\n');
}

export function addCitations(all: readonly CitationCounts[]): CitationCounts {
  const sum = { ...NO_CITATIONS };
  for (const counts of all) {
    for (const key of Object.keys(sum) as (keyof CitationCounts)[]) sum[key] += counts[key];
  }
  return sum;
}

function supportOfCitation(
  answer: AskOutcome,
  citation: GivenCitation,
  places: readonly CitedPlace[],
): Support {
  const sentence = sentenceBefore(answer.text, citation.start);
  if (sentence === '') return 'unknown';
  const evidence = answer.citations.flatMap((other, index) => {
    const place = places[index] as CitedPlace;
    const isBeside = sentenceBefore(answer.text, other.start) === sentence;
    return isBeside && place.state === 'there' ? [describePlace(other, place.text)] : [];
  });
  if (evidence.length === 0) return 'unknown';
  return supportOf(sentence, evidence);
}

/** The last sentence before the mark, without the marks that stand between. */
export function sentenceBefore(text: string, markStart: number): string {
  const before = withoutMarks(
    text.slice(Math.max(0, markStart - MAX_SENTENCE_CHARACTERS), markStart),
  ).trimEnd();
  const paragraph = before.slice(before.lastIndexOf('\n') + 1);
  const ends = [...paragraph.matchAll(/[。！？!?]|\.(?=\s)/gu)].map((match) => match.index + match[0].length);
  const start = ends.findLast((end) => end < paragraph.length) ?? 0;
  return paragraph.slice(start).trim();
}
