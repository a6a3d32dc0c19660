import type { ExtractedDocument } from './extracted-document.ts';
import { corruptDocument, encryptedDocument, unsupportedFormat } from './refusals.ts';
import type { ZipArchive } from './zip-archive.ts';

export type DocumentFormat = ExtractedDocument['format'];

export type Container = 'pdf' | 'zip' | 'other';

export const supportedFormats = 'Upload Markdown, text, HTML, PDF, DOCX, XLSX, PPTX, CSV or EPUB.';

const extensions: Readonly<Record<string, DocumentFormat>> = {
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  txt: 'text',
  text: 'text',
  log: 'text',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  pdf: 'pdf',
  docx: 'docx',
  docm: 'docx',
  dotx: 'docx',
  dotm: 'docx',
  xlsx: 'xlsx',
  xlsm: 'xlsx',
  xltx: 'xlsx',
  xltm: 'xlsx',
  pptx: 'pptx',
  pptm: 'pptx',
  ppsx: 'pptx',
  potx: 'pptx',
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  epub: 'epub',
};

/** Beginnings of files that are surely not supported, with what to do about each. */
const foreign: readonly { magic: string; what: string; remedy: string }[] = [
  { magic: '{\\rtf', what: 'The file is in Rich Text Format.', remedy: 'Save it as DOCX and upload that.' },
  {
    magic: '\x89PNG',
    what: 'The file is a picture.',
    remedy: 'Run text recognition (OCR) on it and upload the text.',
  },
  {
    magic: '\xff\xd8\xff',
    what: 'The file is a picture.',
    remedy: 'Run text recognition (OCR) on it and upload the text.',
  },
  {
    magic: 'GIF8',
    what: 'The file is a picture.',
    remedy: 'Run text recognition (OCR) on it and upload the text.',
  },
  {
    magic: 'II*\0',
    what: 'The file is a picture.',
    remedy: 'Run text recognition (OCR) on it and upload the text.',
  },
  {
    magic: 'MM\0*',
    what: 'The file is a picture.',
    remedy: 'Run text recognition (OCR) on it and upload the text.',
  },
  { magic: '\x1f\x8b', what: 'The file is an archive.', remedy: 'Unpack it and upload the documents in it.' },
  {
    magic: '7z\xbc\xaf\x27\x1c',
    what: 'The file is an archive.',
    remedy: 'Unpack it and upload the documents in it.',
  },
  { magic: 'Rar!', what: 'The file is an archive.', remedy: 'Unpack it and upload the documents in it.' },
  {
    magic: 'AT&TFORM',
    what: 'The file is in DjVu format.',
    remedy: 'Convert it to PDF with text and upload that.',
  },
];
const oleMagic = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/** The container that the bytes are in, whatever the file is called. @throws BudaoError for what is never taken */
export function detectContainer(bytes: Buffer): Container {
  if (bytes.subarray(0, oleMagic.length).equals(oleMagic)) throw oleRefusal(bytes);
  const start = bytes.toString('latin1', 0, 16);
  const match = foreign.find(({ magic }) => start.startsWith(magic));
  if (match !== undefined) throw unsupportedFormat(match.what, `${match.remedy} ${supportedFormats}`);
  if (start.startsWith('PK\x03\x04') || start.startsWith('PK\x05\x06')) return 'zip';
  // Mail gateways put bytes before the header; the specification asks readers to look for it.
  return bytes.subarray(0, 1024).includes('%PDF-') ? 'pdf' : 'other';
}

/** What a zip container holds, told by its members. @throws BudaoError unsupported_format, corrupt_document */
export function detectArchive(archive: ZipArchive): DocumentFormat {
  const has = (prefix: string): boolean => archive.names.some((name) => name.startsWith(prefix));
  if (archive.has('[Content_Types].xml')) {
    if (archive.has('xl/workbook.bin')) {
      throw unsupportedFormat('The file is a binary workbook (XLSB).', 'Save it as XLSX and upload that.');
    }
    if (has('word/')) return 'docx';
    if (has('xl/')) return 'xlsx';
    if (has('ppt/')) return 'pptx';
  }
  if (archive.has('META-INF/container.xml')) return 'epub';
  if (archive.has('mimetype') && archive.has('content.xml')) {
    throw unsupportedFormat(
      'The file is in OpenDocument format.',
      'Save it as DOCX, XLSX or PPTX and upload that.',
    );
  }
  if (archive.names.length === 0) throw corruptDocument('its zip container is empty');
  throw unsupportedFormat(
    'The file is an archive.',
    `Unpack it and upload the documents in it. ${supportedFormats}`,
  );
}

/** What decoded text is: HTML says so itself; Markdown and CSV are told by the name alone. */
export function detectText(text: string, filename: string): DocumentFormat {
  const named = formatOfName(filename);
  const start = text.slice(0, 2048).replace(/^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*/u, '');
  if (/^<(?:!doctype\s+html|html[\s>])/iu.test(start)) return 'html';
  return named === 'markdown' || named === 'csv' || named === 'html' ? named : 'text';
}

/** What the name promises, or null where it promises nothing. */
export function formatOfName(filename: string): DocumentFormat | null {
  return extensions[extensionOf(filename)] ?? null;
}

export function extensionOf(filename: string): string {
  return /\.([A-Za-z0-9]{1,10})\s*$/u.exec(filename)?.[1]?.toLowerCase() ?? '';
}

function oleRefusal(bytes: Buffer): Error {
  if (bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))) return encryptedDocument();
  const kinds: readonly [string, string, string][] = [
    ['WordDocument', 'Word 97–2003 document (.doc)', 'DOCX'],
    ['Workbook', 'Excel 97–2003 workbook (.xls)', 'XLSX'],
    ['PowerPoint Document', 'PowerPoint 97–2003 presentation (.ppt)', 'PPTX'],
  ];
  const kind = kinds.find(([stream]) => bytes.includes(Buffer.from(stream, 'utf16le')));
  const what = kind?.[1] ?? 'file in an old Office format';
  return unsupportedFormat(
    `The file is a ${what}.`,
    `Save it as ${kind?.[2] ?? 'DOCX, XLSX or PPTX'} and upload that.`,
  );
}
