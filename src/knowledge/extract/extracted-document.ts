/** What a parser hands over: plain blocks in reading order, whatever the format was. */
import type { DocumentWarning } from '../../contract/document-warnings.ts';

export type BlockKind = 'heading' | 'paragraph' | 'list-item' | 'table-row' | 'code';

export interface Block {
  kind: BlockKind;
  /** Plain text without markup, inner line breaks kept. Table rows read `header: value；header: value`. */
  text: string;
  /** 1 to 6 for headings. */
  level?: number;
  /** Page, slide or sheet number, counted from 1, where the format has one. */
  page?: number;
  /** Sheet or chapter name where the format has one. */
  section?: string;
}

export interface ExtractedDocument {
  format: 'markdown' | 'text' | 'html' | 'pdf' | 'docx' | 'xlsx' | 'pptx' | 'csv' | 'epub';
  /** From the document's own metadata or first heading, else null. */
  title: string | null;
  pages: number | null;
  blocks: Block[];
  /** Things left out that a person should know of. */
  warnings: DocumentWarning[];
}

export interface ExtractionLimits {
  maxBytes: number;
  maxPages: number;
  maxCharacters: number;
  /** Sum of the unpacked sizes inside a zip container. */
  maxUnpackedBytes: number;
  timeoutMs: number;
  maxMemoryMb: number;
}
