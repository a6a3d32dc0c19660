const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\u3000-\u303F\uFF00-\uFFEF“”‘’…—·]/u;

/** Joins two lines of one paragraph: no blank where Chinese meets anything, no hyphen where a word was divided. */
export function joinLines(before: string, after: string): string {
  const left = before.trimEnd();
  const right = after.trimStart();
  if (left === '' || right === '') return left + right;
  // A paragraph grows line by line; looking through all of it each time would take the square of its length.
  const tail = left.slice(-3);
  if (/\p{Ll}[-\u2010]$/u.test(tail) && /^\p{Ll}/u.test(right)) return left.slice(0, -1) + right;
  if (/[-\u2010/]$/u.test(tail) && /^[\p{L}\p{N}]/u.test(right)) return left + right;
  const last = /.$/su.exec(tail)?.[0] ?? '';
  const first = String.fromCodePoint(right.codePointAt(0) ?? 0);
  return wide.test(last) || wide.test(first) ? left + right : `${left} ${right}`;
}

export function isWide(character: string): boolean {
  return wide.test(character);
}
