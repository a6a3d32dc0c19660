import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { BudaoError } from '../../contract/errors.ts';
import { BlockCollector } from './block-collector.ts';
import { decodeText } from './decode-text.ts';
import {
  type DocumentFormat,
  detectArchive,
  detectContainer,
  detectText,
  extensionOf,
  formatOfName,
  supportedFormats,
} from './detect-format.ts';
import type { ExtractedDocument, ExtractionLimits } from './extracted-document.ts';
import { declaredCharset } from './formats/html.ts';
import { hasMacros } from './opc-package.ts';
import type { ParseContext, Parsed } from './parse-context.ts';
import {
  corruptDocument,
  damagedOriginal,
  emptyDocument,
  refusal,
  tooLarge,
  unsupportedFormat,
} from './refusals.ts';
import { ZipArchive } from './zip-archive.ts';

/**
 * Reads a document into plain blocks. The content decides on the format, the name only where the content cannot.
 * Runs in the parser process: it may use much time and memory.
 * @throws BudaoError of kind `invalid` with a RefusalCode
 */
export async function extract(
  bytesPath: string,
  filename: string,
  limits: ExtractionLimits,
  /** What the bytes must be; these very ones are read on, so that nothing can change in between. */
  sha256?: string,
): Promise<ExtractedDocument> {
  const bytes = await readBytes(bytesPath, limits.maxBytes);
  if (sha256 !== undefined && hash('sha256', bytes) !== sha256) throw damagedOriginal();
  const out = new BlockCollector(limits);
  const { format, parsed } = await parse({ bytes, limits, out }, filename).catch((error: unknown) => {
    throw asRefusal(error);
  });
  if (out.blocks.length === 0) throw emptyDocument();
  warnOfName(format, filename, out);
  return {
    format,
    title: parsed.title ?? out.firstHeading(),
    pages: parsed.pages,
    blocks: out.blocks,
    warnings: out.warnings,
  };
}

async function readBytes(path: string, maxBytes: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size === 0) throw emptyDocument();
  if (size > maxBytes) throw tooLarge(`The document has ${size} bytes; at most ${maxBytes} are taken.`);
  return file.readFile();
}

/** Parsers are loaded when their format turns up: the PDF one alone takes a tenth of a second and 40 MB. */
async function parse(
  context: ParseContext,
  filename: string,
): Promise<{ format: DocumentFormat; parsed: Parsed }> {
  const container = detectContainer(context.bytes);
  if (container === 'pdf') {
    const { parsePdf } = await import('./formats/pdf.ts');
    return { format: 'pdf', parsed: await parsePdf(context) };
  }
  return container === 'zip' ? parseArchive(context) : parseDecoded(context, filename);
}

async function parseArchive(context: ParseContext): Promise<{ format: DocumentFormat; parsed: Parsed }> {
  const archive = await ZipArchive.open(context.bytes, context.limits);
  const format = detectArchive(archive);
  const archiveContext = { ...context, archive };
  if (hasMacros(archive))
    context.out.warn(
      'macros_ignored',
      'The document holds macros; they were ignored, only its text was read.',
    );
  switch (format) {
    case 'docx':
      return { format, parsed: await (await import('./formats/docx.ts')).parseDocx(archiveContext) };
    case 'xlsx':
      return { format, parsed: await (await import('./formats/xlsx.ts')).parseXlsx(archiveContext) };
    case 'pptx':
      return { format, parsed: await (await import('./formats/pptx.ts')).parsePptx(archiveContext) };
    default:
      return { format, parsed: await (await import('./formats/epub.ts')).parseEpub(archiveContext) };
  }
}

async function parseDecoded(
  context: ParseContext,
  filename: string,
): Promise<{ format: DocumentFormat; parsed: Parsed }> {
  const text = decodeText(context.bytes, declaredCharset(context.bytes));
  if (text === null) throw undecodable(context.bytes, filename);
  const format = detectText(text, filename);
  const textContext = { ...context, text };
  switch (format) {
    case 'markdown':
      return { format, parsed: await (await import('./formats/markdown.ts')).parseMarkdown(textContext) };
    case 'html':
      return { format, parsed: await (await import('./formats/html.ts')).parseHtml(textContext) };
    case 'csv':
      return { format, parsed: await (await import('./formats/csv.ts')).parseCsv(textContext) };
    default:
      return { format: 'text', parsed: await (await import('./formats/text.ts')).parseText(textContext) };
  }
}

/** Neither a container nor text: damaged if the name promises a container, else something foreign. */
function undecodable(bytes: Buffer, filename: string): BudaoError {
  const named = formatOfName(filename);
  const container = named !== null && /^(?:pdf|docx|xlsx|pptx|epub)$/u.test(named);
  if (container) return corruptDocument(`it is named ${extensionOf(filename)} but does not begin like one`);
  if (bytes.every((byte) => byte === 0)) return emptyDocument();
  return unsupportedFormat('The file is neither text nor a supported document.', supportedFormats);
}

function warnOfName(format: DocumentFormat, filename: string, out: BlockCollector): void {
  const extension = extensionOf(filename);
  const named = formatOfName(filename);
  if (extension === '' || named === format) return;
  out.warn(
    'name_differs_from_content',
    `The name ends in .${extension}, but the content is ${format} and was read as such.`,
    { extension, format },
  );
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  if (/call stack/iu.test(error.message)) return corruptDocument('its structure is nested too deeply', error);
  if (/allocation|string length|buffer/iu.test(error.message)) {
    return refusal(
      'extraction_out_of_memory',
      'The document needs more memory than is allowed. Split it into smaller ones, or remove large tables and pictures.',
      error,
    );
  }
  return error;
}
