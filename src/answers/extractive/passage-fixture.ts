import type { Passage } from '../ports.ts';

/** A passage for tests; give what matters. */
export function passageOf(
  number: number,
  text: string,
  overrides: {
    filename?: string;
    article?: string | null;
    headingPath?: string[];
    score?: number;
    ordinal?: number;
    standing?: Passage['standing'];
  } = {},
): Passage {
  const filename = overrides.filename ?? `doc-${number}.md`;
  return {
    number,
    filename,
    knowledgeBaseId: 'kb',
    score: overrides.score ?? 1,
    ...(overrides.standing === undefined ? {} : { standing: overrides.standing }),
    chunk: {
      id: `${filename}#${overrides.ordinal ?? 0}`,
      documentId: filename,
      ordinal: overrides.ordinal ?? 0,
      text,
      headingPath: overrides.headingPath ?? [],
      page: null,
      article: overrides.article ?? null,
      start: 0,
      end: text.length,
      tokens: text.length,
    },
  };
}
