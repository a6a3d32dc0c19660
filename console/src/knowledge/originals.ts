/** The place of the originals' page among the knowledge bases, whose ids begin with `vs_`. */
export const ORIGINALS = 'originals';
