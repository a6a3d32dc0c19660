import { BudaoError } from '../../contract/errors.ts';

export const DAMAGED_ORIGINAL =
  'The stored original of this file is damaged on the disk. Upload the same file again: its content takes the place of the damaged one. Or restore it from a backup.';

/** Why a document cannot be taken in. Stable: stored with the document and translated by the console. */
export type RefusalCode =
  | 'empty_document'
  | 'unsupported_format'
  | 'encrypted_document'
  | 'corrupt_document'
  | 'no_text_layer'
  | 'too_many_pages'
  | 'too_many_chunks'
  | 'too_large'
  | 'unpacks_too_large'
  | 'extraction_timeout'
  | 'extraction_out_of_memory'
  | 'extraction_crashed'
  | 'blob_corrupt';

/** A refusal that stays the same however often the same bytes are tried. */
export function refusal(code: RefusalCode, message: string, cause?: unknown): BudaoError {
  return new BudaoError('invalid', code, message, { cause });
}

export function emptyDocument(): BudaoError {
  return refusal(
    'empty_document',
    'The document holds no text. Check that it was saved and uploaded completely, then upload it again.',
  );
}

export function corruptDocument(detail: string, cause?: unknown): BudaoError {
  return refusal(
    'corrupt_document',
    `The document is damaged: ${detail}. Open it in its own program, save it again, and upload the new file.`,
    cause,
  );
}

export function encryptedDocument(): BudaoError {
  return refusal(
    'encrypted_document',
    'The document is protected by a password or by rights management. Remove the protection, save it, and upload it again.',
  );
}

export function unsupportedFormat(what: string, remedy: string): BudaoError {
  return refusal('unsupported_format', `${what} ${remedy}`);
}

export function tooLarge(what: string): BudaoError {
  return refusal('too_large', `${what} Split the document into smaller ones and upload those.`);
}

export function tooManyPages(found: number, allowed: number, unit: string): BudaoError {
  return refusal(
    'too_many_pages',
    `The document has ${found} ${unit}; at most ${allowed} are taken. Split it into smaller ones and upload those.`,
  );
}

export function tooManyChunks(allowed: number): BudaoError {
  return refusal(
    'too_many_chunks',
    `The document makes more than ${allowed} chunks. Split it into smaller ones, or choose larger chunks (chunking_strategy), then upload it again; limits.maxChunks sets the bound.`,
  );
}

export function unpacksTooLarge(detail: string): BudaoError {
  return refusal(
    'unpacks_too_large',
    `The document unpacks to far more than its size (${detail}). If it is genuine, remove embedded files and pictures or split it, then upload it again.`,
  );
}

/** The bytes on the disk are not those that were uploaded. */
export function damagedOriginal(): BudaoError {
  return refusal('blob_corrupt', DAMAGED_ORIGINAL);
}

export function crashedDocument(detail: string, cause?: unknown): BudaoError {
  return refusal(
    'extraction_crashed',
    `The parser failed on this document (${detail}). Open it in its own program and save it again, or save it as PDF, and upload that.`,
    cause,
  );
}
