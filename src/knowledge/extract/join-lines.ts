const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\u3000-\u303F\uFF00-\uFFEF“”‘’…—·]/u;

/** Joins two lines of one paragraph: no blank where Chinese meets anything, no hyphen where a word was divided. */
export function joinLines(before: string, after: string): string {
  const left = before.trimEnd();
  const right = after.trimStart();
  if (left === '' || right === '') return left + right;
  const tail = left.slice(-3);
  if (/\p{Ll}[-\u2010]$/u.test(tail) && /^\p{Ll}/u.test(right)) return left.slice(0, -1) + right;
  if (/[-\u2010/]$/u.test(tail) && /^[\p{L}\p{N}]/u.test(right)) return left + right;
  const last = /.$/su.exec(tail)?.[0] ?? '';
  const first = String.fromCodePoint(right.codePointAt(0) ?? 0);
  return wide.test(last) || wide.test(first) ? left + right : `${left} ${right}`;
}

/** All lines of a paragraph. Joined onto what grows one by one, they would take the square of its length. */
export function joinAllLines([first = '', ...lines]: readonly string[]): string {
  const before: string[] = [];
  let last = first;
  for (const line of lines) {
    const right = line.trimStart();
    const joined = joinLines(last, right);
    if (right === '' || last.trimEnd() === '') last = joined;
    else {
      before.push(joined.slice(0, joined.length - right.length));
      last = right;
    }
  }
  return before.join('') + last;
}

export function isWide(character: string): boolean {
  return wide.test(character);
}
