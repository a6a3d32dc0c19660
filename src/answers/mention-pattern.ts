import pairs from 'opencc-js/dict/TSCharacters';

/** Characters that the other script writes differently. */
const TWO_SCRIPTS = new Set(pairs.replaceAll(/[|\s]/g, ''));
/** Written in two widths; a quotation mark and a backslash are more than one character in JSON. */
const TWO_WIDTHS = /[^\p{L}\p{N}"\\]/u;

/**
 * Finds, with LIKE in JSON, whatever may be the query in the other script or in the other width of its punctuation:
 * each such character stands for any. What is found has to be compared.
 */
export function mentionPattern(normalisedQuery: string): string {
  const characters = [...normalisedQuery].map((character) =>
    TWO_SCRIPTS.has(character) || TWO_WIDTHS.test(character)
      ? '_'
      : JSON.stringify(character)
          .slice(1, -1)
          .replaceAll(/[!%_]/g, (one) => `!${one}`),
  );
  return `%${characters.join('')}%`;
}
