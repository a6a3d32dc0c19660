/** An upper estimate of model tokens, without loading a tokenizer. */

const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** Latin letters that one token holds on average, taken low. */
const LETTERS_PER_TOKEN = 3;

/**
 * One token per Han character (real tokenizers pack 1.3 to 1.6 into one), per digit and per sign, and one per three
 * letters. Errs on the high side, so that what fits by this estimate fits the model.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let letters = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index) as number;
    if (code > 0xffff) index += 1;
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
    if (isLetter) {
      letters += 1;
      continue;
    }
    if (letters > 0) {
      tokens += Math.ceil(letters / LETTERS_PER_TOKEN);
      letters = 0;
    }
    if (code === 32 || code === 10 || code === 9) continue;
    // Asked in this order: the expression is for the few characters that no range tells.
    const isOne = code < 128 || (code >= 0x3000 && code <= 0xffef) || CJK.test(String.fromCodePoint(code));
    tokens += isOne ? 1 : 2;
  }
  return tokens + Math.ceil(letters / LETTERS_PER_TOKEN);
}
