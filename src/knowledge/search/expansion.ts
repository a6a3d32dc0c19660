/** A word of the question with the other words that documents may use for it. */
export interface Expansion {
  /** The words of the question. */
  phrase: string;
  alternatives: { text: string; factor: number }[];
}

/** What a match of another word for the same thing is worth. */
export const SYNONYM_FACTOR = 0.9;
