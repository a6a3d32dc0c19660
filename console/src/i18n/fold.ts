/** One spelling for what an input method may write in two widths, and for both cases. For matching, never for showing. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim();
}
