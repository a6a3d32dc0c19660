import type { BlockCollector } from './block-collector.ts';
import type { ExtractionLimits } from './extracted-document.ts';
import type { ZipArchive } from './zip-archive.ts';

/** What a format's parser works on. */
export interface ParseContext {
  bytes: Buffer;
  limits: ExtractionLimits;
  /** Where the parser puts its blocks and warnings. */
  out: BlockCollector;
}

export interface TextContext extends ParseContext {
  /** The decoded content. */
  text: string;
}

export interface ArchiveContext extends ParseContext {
  archive: ZipArchive;
}

/** What a parser says about the document as a whole. */
export interface Parsed {
  /** From the document's own metadata; null lets the first heading stand in. */
  title: string | null;
  pages: number | null;
}
