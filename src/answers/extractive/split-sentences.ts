// Sentences of Chinese and English text, without a dictionary.

/** Latin abbreviations whose full stop does not end a sentence. */
const ABBREVIATION =
  /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|nos|vs|e\.g|i\.e|etc|inc|ltd|co|corp|dept|approx|fig|sec|art|para|ext|tel|min|max|u\.s|u\.k|a\.m|p\.m|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|[a-z])\.$/i;

/** A sentence that is longer than this is cut at its full stop even when a bracket is still open. */
const MAX_BRACKETED_CHARS = 300;

export function splitSentences(paragraph: string): string[] {
  const sentences: string[] = [];
  let current = '';
  for (const piece of pieces(paragraph)) {
    current += piece;
    const openBracket = bracketDepth(current) > 0 && current.length < MAX_BRACKETED_CHARS;
    if (openBracket || ABBREVIATION.test(current.trimEnd())) continue;
    if (current.trim() !== '') sentences.push(current.trim());
    current = '';
  }
  if (current.trim() !== '') sentences.push(current.trim());
  return sentences;
}

/** Cuts after every mark that may end a sentence; the caller joins what belongs together. */
function pieces(paragraph: string): string[] {
  return paragraph.split(
    /(?<=[。！？][”’」』）)】"']*)(?![”’」』）)】"'。！？])|(?<=[.!?]["')\]”]*\s)(?=["'([“]?[A-Z0-9\p{Script=Han}])/u,
  );
}

function bracketDepth(text: string): number {
  let depth = 0;
  for (const character of text) {
    if ('（(《「『【['.includes(character)) depth += 1;
    else if ('）)》」』】]'.includes(character)) depth = Math.max(0, depth - 1);
  }
  return depth;
}
