export interface HighlightedPiece {
  start: number;
  text: string;
  isHit: boolean;
}

const hanRun = /\p{Script=Han}+/gu;
const word = /[\p{Script=Latin}\p{N}][\p{Script=Latin}\p{N}\-_.]*/gu;
const minWordLength = 2;

/** Marks where words of the query, or pairs of Chinese characters from it, occur. */
export function highlight(text: string, query: string): HighlightedPiece[] {
  const hits = new Uint8Array(text.length);
  const lower = text.toLowerCase();
  // Lower case of some letters is longer; then positions would no longer match.
  const haystack = lower.length === text.length ? lower : text;
  for (const term of termsOf(query.toLowerCase())) {
    for (let at = haystack.indexOf(term); at !== -1; at = haystack.indexOf(term, at + 1)) {
      hits.fill(1, at, at + term.length);
    }
  }
  const pieces: HighlightedPiece[] = [];
  for (let start = 0; start < text.length; ) {
    let end = start + 1;
    while (end < text.length && hits[end] === hits[start]) end += 1;
    pieces.push({ start, text: text.slice(start, end), isHit: hits[start] === 1 });
    start = end;
  }
  return pieces;
}

function termsOf(query: string): Set<string> {
  const terms = new Set<string>();
  for (const [run] of query.matchAll(hanRun)) {
    for (let at = 0; at + 2 <= run.length; at += 1) terms.add(run.slice(at, at + 2));
    if (run.length === 1) terms.add(run);
  }
  for (const [found] of query.matchAll(word)) if (found.length >= minWordLength) terms.add(found);
  return terms;
}
