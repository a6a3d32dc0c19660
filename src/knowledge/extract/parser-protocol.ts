import type { ErrorCode } from '../../contract/error-codes.ts';
import type { ErrorKind } from '../../contract/errors.ts';
import type { Block, ExtractedDocument, ExtractionLimits } from './extracted-document.ts';

/** From the pool to the parser process: one document at a time. */
export interface ParserRequest {
  id: number;
  /** Where the bytes are; the only path that the parser opens. */
  path: string;
  /** As the person named the file; only its extension is looked at. */
  filename: string;
  /** What the bytes must be. */
  sha256?: string | undefined;
  limits: ExtractionLimits;
}

/** From the parser process: blocks in batches, so that no single message holds up the reader's event loop. */
export type ParserMessage =
  | { type: 'ready' }
  | { type: 'blocks'; id: number; blocks: Block[] }
  | { type: 'done'; id: number; document: Omit<ExtractedDocument, 'blocks'> }
  | { type: 'refused'; id: number; kind: ErrorKind; code: ErrorCode; message: string };

/** Written to stderr before the guard ends the process, so that the pool can tell it from a kill from outside. */
export const memoryLimitMark = 'extraction: memory limit reached';
