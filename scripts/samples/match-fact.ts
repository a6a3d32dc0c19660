const numberCharacter = /[0-9零〇一二三四五六七八九十百千万两]/;
const numberOrPoint = /[0-9零〇一二三四五六七八九十百千万两.]/;

/** Whether the text holds the form by the rule of the golden format: white space aside, and numbers only whole. */
export function holdsForm(text: string, form: string): boolean {
  const haystack = foldText(text);
  const needle = foldText(form);
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) {
    const cutsBefore =
      numberCharacter.test(needle.at(0)!) && numberOrPoint.test(haystack.at(at - 1) ?? '') && at > 0;
    const after = haystack.at(at + needle.length) ?? '';
    const cutsAfter = numberCharacter.test(needle.at(-1)!) && numberOrPoint.test(after);
    if (!cutsBefore && !cutsAfter) {
      return true;
    }
  }
  return false;
}

export function foldText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s+/g, '')
    .replaceAll(/(?<=\d),(?=\d{3})/g, '');
}
