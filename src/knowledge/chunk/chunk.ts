/** A piece of a document that is indexed and cited as one. Ids are deterministic: the same input gives the same id. */
export interface Chunk {
  /** `<documentId>#<ordinal>` */
  id: string;
  documentId: string;
  /** Position in the document, counted from 0. */
  ordinal: number;
  /** The text as a reader sees it, without heading path. */
  text: string;
  /** Document title, then headings from the outside in. */
  headingPath: string[];
  page: number | null;
  /** `第三条`, `3.2`, … where the document numbers its parts; else null. */
  article: string | null;
  /** Character range in the document's full text (all blocks joined by one line feed). */
  start: number;
  end: number;
  tokens: number;
}
