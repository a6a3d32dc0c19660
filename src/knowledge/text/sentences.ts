/** Cuts a text into sentences without losing a character. */

export interface TextRange {
  start: number;
  end: number;
}

const CLOSING = '”’」』）)】》"\'';
const FULL_STOP = new Set(['。', '！', '？', '!', '?', '…', '\n']);
const HALF_STOP = new Set(['；', ';']);

/**
 * Ranges of the sentences of `text`, in order and without gaps: closing quotes stay with their sentence, and a full
 * stop between letters or digits (`3.5`, `e.g`) ends none. A semicolon ends one only where `atSemicolons` is set.
 */
export function sentenceRanges(text: string, options: { atSemicolons?: boolean } = {}): TextRange[] {
  const ranges: TextRange[] = [];
  let start = 0;
  let index = 0;
  while (index < text.length) {
    const character = text[index] as string;
    const ends =
      FULL_STOP.has(character) ||
      (options.atSemicolons === true && HALF_STOP.has(character)) ||
      (character === '.' && isEnglishStop(text, index));
    index += 1;
    if (!ends) continue;
    while (index < text.length && isTail(text[index] as string)) index += 1;
    ranges.push({ start, end: index });
    start = index;
  }
  if (start < text.length) ranges.push({ start, end: text.length });
  return ranges;
}

function isTail(character: string): boolean {
  return CLOSING.includes(character) || FULL_STOP.has(character) || character === ' ' || character === '　';
}

function isEnglishStop(text: string, index: number): boolean {
  const next = text[index + 1];
  return next === undefined || next === ' ' || next === '\n' || CLOSING.includes(next);
}
