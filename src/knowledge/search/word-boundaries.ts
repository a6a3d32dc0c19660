/** Which pairs of Han characters in a question join the end of one word to the start of the next. */

const HAN_WORD = /^\p{Script=Han}+$/u;

let segmenter: Intl.Segmenter | null = null;

/**
 * Pairs that only come about where two words meet, as 工八 does in 员工八月. Between two single characters nothing is
 * known: they may be a word that the dictionary lacks.
 */
export function accidentalPairs(span: string): Set<string> {
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' });
  const accidental = new Set<string>();
  const inWords = new Set<string>();
  let previous = '';
  for (const { segment } of segmenter.segment(span)) {
    const word = HAN_WORD.test(segment) ? segment : '';
    for (let at = 0; at + 1 < word.length; at += 1) inWords.add(word.slice(at, at + 2));
    if (word !== '' && previous !== '' && word.length + previous.length > 2) {
      accidental.add(`${previous.at(-1)}${word[0]}`);
    }
    previous = word;
  }
  return accidental.difference(inWords);
}
