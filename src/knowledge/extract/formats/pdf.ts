import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PDFDocumentProxy } from 'pdfjs-dist';
import { getDocument, PasswordException, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { BudaoError } from '../../../contract/errors.ts';
import type { ParseContext, Parsed } from '../parse-context.ts';
import { corruptDocument, emptyDocument, encryptedDocument, refusal, tooManyPages } from '../refusals.ts';
import { addPdfBlocks } from './pdf-blocks.ts';
import { withoutFurniture } from './pdf-furniture.ts';
import { type PdfLine, readPageLines } from './pdf-lines.ts';

const packageFolder = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'));

/** Text of a PDF with its page numbers. Character maps and fonts come from the package: nothing is fetched. */
export async function parsePdf({ bytes, limits, out }: ParseContext): Promise<Parsed> {
  const pdf = await openPdf(bytes);
  if (pdf.numPages > limits.maxPages) throw tooManyPages(pdf.numPages, limits.maxPages, 'pages');
  if (pdf.numPages === 0) throw emptyDocument();
  const pages: PdfLine[][] = [];
  const withoutText: number[] = [];
  const unreadable: number[] = [];
  for (let number = 1; number <= pdf.numPages; number++) {
    const lines = await readPage(pdf, number);
    if (lines === null) unreadable.push(number);
    else if (lines.length === 0) withoutText.push(number);
    pages.push(lines ?? []);
  }
  if (unreadable.length === pdf.numPages) throw corruptDocument('none of its pages can be read');
  if (withoutText.length + unreadable.length === pdf.numPages) throw noTextLayer();
  if (mostlyUndecodable(pages)) throw noTextLayer();
  if (unreadable.length > 0) {
    const message = `${pageList(unreadable)} cannot be read and were left out.`;
    out.warn('pages_unreadable', message, { pages: pageNumbers(unreadable) });
  }
  if (withoutText.length > 0) {
    const message = `${pageList(withoutText)} hold no text (pictures or scans) and were left out.`;
    out.warn('pages_without_text', message, { pages: pageNumbers(withoutText) });
  }
  addPdfBlocks(withoutFurniture(pages), out);
  const title = await metadataTitle(pdf);
  return { title, pages: pdf.numPages };
}

async function openPdf(bytes: Buffer): Promise<PDFDocumentProxy> {
  try {
    return await getDocument({
      data: ownBytes(bytes),
      cMapUrl: join(packageFolder, 'cmaps/'),
      cMapPacked: true,
      standardFontDataUrl: join(packageFolder, 'standard_fonts/'),
      wasmUrl: join(packageFolder, 'wasm/'),
      useSystemFonts: false,
      disableFontFace: true,
      enableXfa: false,
      verbosity: VerbosityLevel.ERRORS,
    }).promise;
  } catch (error) {
    if (error instanceof PasswordException) throw encryptedDocument();
    throw corruptDocument('it cannot be opened as a PDF', error);
  }
}

/** pdf.js takes the memory over, which must not be shared with other buffers. */
function ownBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
}

/** Null when this page alone is damaged. */
async function readPage(pdf: PDFDocumentProxy, number: number): Promise<PdfLine[] | null> {
  try {
    const page = await pdf.getPage(number);
    const lines = await readPageLines(page, number);
    page.cleanup();
    return lines;
  } catch (error) {
    if (error instanceof BudaoError || error instanceof RangeError) throw error;
    return null;
  }
}

function noTextLayer(): BudaoError {
  return refusal(
    'no_text_layer',
    'The PDF consists of pictures or scans without text. Run text recognition (OCR) on it, save it as a searchable PDF, and upload that.',
  );
}

/** Fonts without a character map give private or replacement characters: there is text, but nobody can tell which. */
function mostlyUndecodable(pages: readonly PdfLine[][]): boolean {
  const text = pages.flatMap((lines) => lines.map((line) => line.text)).join('');
  const lost = text.match(/[\uFFFD\uE000-\uF8FF]|\p{Cc}/gu)?.length ?? 0;
  return lost > text.length * 0.5;
}

async function metadataTitle(pdf: PDFDocumentProxy): Promise<string | null> {
  const metadata = await pdf.getMetadata().catch(() => null);
  const title = (metadata?.info as { Title?: unknown } | undefined)?.Title;
  return typeof title === 'string' && isMeantAsTitle(title) ? title.trim() : null;
}

/** Programs fill the title with file names, addresses and placeholders. */
function isMeantAsTitle(title: string): boolean {
  const text = title.trim();
  if (text.length < 2 || text.length > 200) return false;
  return !/^(?:microsoft \w+ - |untitled|无标题|未命名|document\d*$|about:|https?:|file:|幻灯片 ?\d|powerpoint )|\.(?:docx?|xlsx?|pptx?|pdf|html?|indd|wps|tmp)$|[\uFFFD]/iu.test(
    text,
  );
}

const PAGES_NAMED = 10;

/** For sentences in any language. */
function pageNumbers(numbers: readonly number[]): string {
  return `${numbers.slice(0, PAGES_NAMED).join(', ')}${numbers.length > PAGES_NAMED ? ' …' : ''}`;
}

function pageList(numbers: readonly number[]): string {
  const shown = numbers.slice(0, PAGES_NAMED).join(', ');
  return `Pages ${shown}${numbers.length > PAGES_NAMED ? ` and ${numbers.length - PAGES_NAMED} more` : ''}`;
}
