export interface HighlightedPiece {
  start: number;
  text: string;
  isHit: boolean;
}

const hanRun = /\p{Script=Han}+/gu;
const word = /[\p{Script=Latin}\p{N}][\p{Script=Latin}\p{N}\-_.]*/gu;
const minWordLength = 2;
/** They stand everywhere: marked, they would hide what the question is about. */
const functionWords = new Set(
  'a an and are as at be by can do does for from has have how i if in is it may must my of on or our should that the this to was we what when where which who why will with you your'.split(
    ' ',
  ),
);

/** Marks where words of the query, or pairs of Chinese characters from it, occur. */
export function highlight(text: string, query: string): HighlightedPiece[] {
  const hits = new Uint8Array(text.length);
  // The folded form of some letters is longer; then positions would no longer match.
  const folded = text.replaceAll(/./gsu, (letter) =>
    sameLength(letter, letter.normalize('NFKC').toLowerCase()),
  );
  const { pairs, words } = termsOf(query.normalize('NFKC').toLowerCase());
  for (const pair of pairs) {
    for (let at = folded.indexOf(pair); at !== -1; at = folded.indexOf(pair, at + 1)) {
      hits.fill(1, at, at + pair.length);
    }
  }
  for (const { index, 0: found } of folded.matchAll(word)) {
    if (words.has(stemOf(found))) hits.fill(1, index, index + found.length);
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

function sameLength(letter: string, folded: string): string {
  return folded.length === letter.length ? folded : letter;
}

/** So that a plural is marked for its singular. */
function stemOf(found: string): string {
  return found.length > 3 && found.endsWith('s') ? found.slice(0, -1) : found;
}

function termsOf(query: string): { pairs: Set<string>; words: Set<string> } {
  const pairs = new Set<string>();
  for (const [run] of query.matchAll(hanRun)) {
    for (let at = 0; at + 2 <= run.length; at += 1) pairs.add(run.slice(at, at + 2));
    if (run.length === 1) pairs.add(run);
  }
  const words = [...query.matchAll(word)].map(([found]) => found);
  const telling = words.filter((found) => found.length >= minWordLength && !functionWords.has(found));
  return { pairs, words: new Set((telling.length > 0 ? telling : words).map(stemOf)) };
}
