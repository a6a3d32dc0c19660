import { ApiError } from '../../api/api-error.ts';
import { getFileText, listChunks } from '../../api/knowledge.ts';
import type { Citation, FileText } from '../../api/types.ts';

export interface Range {
  start: number;
  end: number;
}

export interface LocatedPassage {
  file: FileText;
  /** The cited chunk; null when the document no longer has it. */
  passage: Range | null;
  /** The quoted sentence inside it, where it can be told. */
  quote: Range | null;
}

const chunksPerPage = 100;
const maxPages = 100;

/** Reads the document and finds the cited passage in it. @throws ApiError */
export async function locatePassage(citation: Citation, signal: AbortSignal): Promise<LocatedPassage> {
  const [file, chunk] = await Promise.all([
    getFileText(citation.file_id, signal),
    findChunk(citation, signal),
  ]);
  const quote = rangeOfQuote(file.text, citation, chunk);
  return { file, passage: chunk ?? quote, quote: chunk === null ? null : quote };
}

async function findChunk(citation: Citation, signal: AbortSignal): Promise<Range | null> {
  const { chunk_id: chunkId, vector_store_id: baseId, file_id: fileId } = citation;
  if (chunkId === undefined || baseId === undefined) return null;
  try {
    let after: string | null = predecessorOf(chunkId);
    for (let page = 0; page < maxPages; page += 1) {
      const list = await listChunks(baseId, fileId, { after, limit: page === 0 ? 1 : chunksPerPage, signal });
      const found = list.data.find(({ id }) => id === chunkId);
      if (found !== undefined) return { start: found.start, end: found.end };
      if (page > 0 && list.has_more !== true) return null;
      // The short cut missed: read all chunks from the first.
      after = page === 0 ? null : (list.data.at(-1)?.id ?? null);
    }
  } catch (error) {
    // The document's text alone is still worth showing; the quote is looked for in it.
    if (!(error instanceof ApiError) || error.status === 401) throw error;
  }
  return null;
}

/** Chunk ids end in `#<ordinal>`, so the chunk is the first one after its predecessor. */
function predecessorOf(chunkId: string): string | null {
  const match = /^(.*#)(\d+)$/.exec(chunkId);
  const ordinal = Number(match?.[2] ?? 0);
  return match === null || ordinal === 0 ? null : `${match[1]}${ordinal - 1}`;
}

function rangeOfQuote(text: string, citation: Citation, within: Range | null): Range | null {
  const { start, end } = citation;
  const quote = citation.quote?.trim() ?? '';
  if (start !== undefined && end !== undefined && end > start) {
    if (quote === '' || squeeze(text.slice(start, end)).includes(squeeze(quote).slice(0, 40)))
      return { start, end };
  }
  if (quote === '') return null;
  return findLoosely(text, quote, within ?? { start: 0, end: text.length });
}

/** Finds `quote` whatever its white space. */
export function findLoosely(text: string, quote: string, within: Range): Range | null {
  const wanted = squeeze(quote);
  if (wanted === '') return null;
  const kept: number[] = [];
  let squeezed = '';
  for (let position = within.start; position < within.end; position += 1) {
    const character = text[position] ?? '';
    if (/\s/.test(character)) continue;
    kept.push(position);
    squeezed += character;
  }
  const found = squeezed.indexOf(wanted);
  if (found === -1) return null;
  const start = kept[found] ?? within.start;
  const end = (kept[found + wanted.length - 1] ?? within.end - 1) + 1;
  return { start, end };
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, '');
}
