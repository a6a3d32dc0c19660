import { Converter } from 'opencc-js/t2cn';

/** Text without any of these reads the same in traditional and simplified script. */
const HAN = /\p{Script=Han}/u;

let toSimplified: ((text: string) => string) | null = null;

/**
 * One spelling for what reads the same: Unicode NFKC (which folds full-width letters and digits), simplified
 * characters, lower case. Offsets are not kept: the result is for matching, never for showing.
 */
export function normalise(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase();
  if (!HAN.test(folded)) return folded;
  // The dictionary takes 30 ms to load, so a process that never sees Chinese never pays for it.
  const convert = toSimplified ?? Converter({ from: 't', to: 'cn' });
  toSimplified = convert;
  return convert(folded);
}
