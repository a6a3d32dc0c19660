import type { ExtractedDocument } from '../extract/extracted-document.ts';
import { fullText } from '../extract/full-text.ts';
import { tooManyChunks } from '../extract/refusals.ts';
import { estimateTokens } from '../text/estimate-tokens.ts';
import type { Chunk } from './chunk.ts';
import { outline } from './outline.ts';
import { type PackLimits, pack } from './pack.ts';

/** Part of the index generation: chunks of different versions never meet in one index. */
export const CHUNKER_VERSION = 'structure-1';

/** Most articles and paragraphs fit whole; a passage stays short enough that six fit a small model's context. */
export const DEFAULT_CHUNK_OPTIONS: PackLimits = { maxTokens: 400, overlapTokens: 40 };

/**
 * Cuts a document along its structure: an article, numbered section or headed section stays whole up to `maxTokens`.
 * The same document gives the same chunks with the same ids. Headings are carried in `headingPath`; all other text is
 * in at least one chunk.
 *
 * @throws BudaoError too_many_chunks
 */
export function chunkDocument(
  documentId: string,
  document: ExtractedDocument,
  options: PackLimits,
  maxChunks: number = Number.POSITIVE_INFINITY,
): Chunk[] {
  return [...eachChunk(documentId, document, options, maxChunks)];
}

/** The same, one after another, for who has other things to do between them. */
export function* eachChunk(
  documentId: string,
  document: ExtractedDocument,
  options: PackLimits,
  maxChunks: number,
): Generator<Chunk> {
  const text = fullText(document);
  let ordinal = 0;
  for (const section of outline(document)) {
    for (const { start, end } of pack(section.units, options)) {
      if (ordinal === maxChunks) throw tooManyChunks(maxChunks);
      const piece = text.slice(start, end);
      const first = section.units.find((unit) => unit.end > start);
      yield {
        id: `${documentId}#${ordinal}`,
        documentId,
        ordinal,
        text: piece,
        headingPath: section.headingPath,
        page: first?.page ?? null,
        article: section.article,
        start,
        end,
        tokens: estimateTokens(piece),
      };
      ordinal += 1;
    }
  }
}
