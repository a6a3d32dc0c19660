/** What a person should know of a document that was taken in nevertheless. Readers in any language go by the codes. */
export const DOCUMENT_WARNING_CODES = [
  'chapter_missing',
  'macros_ignored',
  'name_differs_from_content',
  'original_damaged',
  'pages_unreadable',
  'pages_without_text',
  'quotation_unclosed',
  'sheet_hidden',
  'slide_hidden',
] as const;
export type DocumentWarningCode = (typeof DOCUMENT_WARNING_CODES)[number];

export interface DocumentWarning {
  /** Null for what was stored before warnings had codes. */
  code: DocumentWarningCode | null;
  /** One English sentence, with the particulars. */
  message: string;
  /** The particulars, for sentences in other languages. */
  values: Readonly<Record<string, string | number>>;
}

/** Documents that were read before warnings had codes hold the sentence alone. */
export function asDocumentWarning(stored: DocumentWarning | string): DocumentWarning {
  return typeof stored === 'string' ? { code: null, message: stored, values: {} } : stored;
}
