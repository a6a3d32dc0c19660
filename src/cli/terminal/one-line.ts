/** Names and texts come from other people: nothing in them may move the cursor or break a row. */
export function oneLine(text: string): string {
  return withoutControls(text.replace(/\s+/g, ' ')).trim();
}

/** Keeps line breaks and tabs; takes out what a terminal would obey. */
export function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, (character) =>
    character === '\n' || character === '\t' ? character : '',
  );
}
