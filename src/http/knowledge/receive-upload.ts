/** Takes one file out of a multipart request, straight into the blob store: the process never holds it in memory. */
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import { Line } from '../../contract/openai/common.ts';
import type { BlobStore } from '../../knowledge/ports.ts';
import { refuseNul } from '../foundation/refuse-nul.ts';
import { validate } from '../foundation/validate.ts';

/** What headers and form fields may add to the file's own size. */
const FORM_OVERHEAD_BYTES = 256 * 1024;
/** A client that sends nothing for so long gives its place to others. */
const STALL_MS = 60_000;
const MAX_FORM_FIELDS = 16;

export const MULTIPART_LIMITS = {
  // The blob store counts the file's bytes itself, and says so in the product's words.
  fileSize: Number.MAX_SAFE_INTEGER,
  files: 1,
  fields: MAX_FORM_FIELDS,
  fieldNameSize: 100,
  fieldSize: 64 * 1024,
  parts: MAX_FORM_FIELDS + 1,
  headerPairs: 50,
} as const;

export interface Upload<Fields> {
  filename: string;
  sha256: string;
  bytes: number;
  fields: Fields;
}

/**
 * The file is durable when this resolves. A client that breaks off leaves nothing behind.
 *
 * @throws BudaoError file_too_large, empty_document, upload_incomplete, unknown_parameter, …
 */
export async function receiveUpload<Schema extends z.ZodType>(
  request: FastifyRequest,
  options: { blobs: BlobStore; maxBytes: number; fields: Schema },
): Promise<Upload<z.output<Schema>>> {
  requireMultipart(request);
  refuseDeclaredSize(request, options.maxBytes);
  request.raw.setTimeout(STALL_MS, () => request.raw.destroy());
  try {
    return await readForm(request, options);
  } catch (error) {
    // The rest is read and thrown away, so that the client gets to read the answer.
    request.raw.unpipe();
    request.raw.resume();
    throw asUploadError(error);
  } finally {
    request.raw.setTimeout(0);
  }
}

async function readForm<Schema extends z.ZodType>(
  request: FastifyRequest,
  options: { blobs: BlobStore; maxBytes: number; fields: Schema },
): Promise<Upload<z.output<Schema>>> {
  const values: Record<string, unknown> = {};
  let file: { filename: string; sha256: string; bytes: number } | null = null;
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      if (part.fieldname !== 'file') throw unknownPart(part.fieldname);
      refuseUnprintableName(part.filename ?? '');
      const stored = await storeFile(options.blobs, part.file, options.maxBytes);
      file = { filename: part.filename ?? '', ...stored };
    } else if (part.fieldname in values) {
      throw new BudaoError('invalid', 'invalid_value', `Send the field '${part.fieldname}' once only.`, {
        param: part.fieldname,
      });
    } else {
      values[part.fieldname] = part.value;
    }
  }
  if (file === null) {
    throw new BudaoError('invalid', 'missing_required_parameter', "Missing required parameter: 'file'.", {
      param: 'file',
    });
  }
  refuseNul(values);
  const fields = validate(options.fields, values);
  return { ...file, fields };
}

/** An empty file leaves the empty blob behind, which doctor clears away with everything that no row names. */
async function storeFile(
  blobs: BlobStore,
  content: Readable,
  maxBytes: number,
): Promise<{ sha256: string; bytes: number }> {
  const stored = await blobs.put(content, { maxBytes }).catch((error: unknown) => {
    throw error instanceof BudaoError && error.code === 'file_too_large'
      ? fileTooLarge('file', maxBytes)
      : error;
  });
  if (stored.bytes > 0) return stored;
  throw new BudaoError(
    'invalid',
    'empty_document',
    'The file is empty. Check that it was saved completely, then upload it again.',
    { param: 'file' },
  );
}

/** Paths are cut to the name alone, as clients send them; a name with control characters no honest client sends. */
function refuseUnprintableName(filename: string): void {
  if (Line.safeParse(filename).success) return;
  throw new BudaoError(
    'invalid',
    'invalid_value',
    "The file's name holds control characters, such as line breaks or NUL. Rename the file, then upload it again.",
    { param: 'file' },
  );
}

function requireMultipart(request: FastifyRequest): void {
  if (request.isMultipart()) return;
  throw new BudaoError(
    'invalid',
    'unsupported_media_type',
    "Send the file as multipart/form-data, in the field 'file'.",
  );
}

/** Refused before the first byte is written. */
function refuseDeclaredSize(request: FastifyRequest, maxBytes: number): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes + FORM_OVERHEAD_BYTES)
    throw fileTooLarge(`upload of ${mebibytes(declared)} MiB`, maxBytes);
}

function fileTooLarge(what: string, maxBytes: number): BudaoError {
  return new BudaoError(
    'too_large',
    'file_too_large',
    `The ${what} is too large: at most ${mebibytes(maxBytes)} MiB are taken. Split the file, or raise limits.maxUploadBytes.`,
    { param: 'file' },
  );
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0);
}

function unknownPart(name: string): BudaoError {
  return new BudaoError('invalid', 'unknown_parameter', `Unknown parameter: '${name}'.`, { param: name });
}

/** What the form reader says about a broken form, in the product's words; troubles of the disk stay what they are. */
function asUploadError(error: unknown): unknown {
  if (error instanceof BudaoError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('E') && code !== 'ECONNRESET') return error;
  if (code.endsWith('_LIMIT')) {
    return new BudaoError('invalid', 'invalid_form', 'Send one file, and a few short form fields.', {
      cause: error,
    });
  }
  return new BudaoError(
    'invalid',
    'upload_incomplete',
    'The upload broke off or is no valid form. Nothing was stored; send it again.',
    { cause: error },
  );
}
