import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  docxOf,
  encryptedOffice,
  epubOf,
  leaveRulesDocx,
  oleContainer,
  xlsxOf,
} from '../../../tests/fixtures/documents/build-office.ts';
import { chinesePdf, scannedPdf } from '../../../tests/fixtures/documents/build-pdf.ts';
import {
  withDamagedMember,
  withDeclaredSize,
  withEncryptionFlag,
  withMemberCount,
  zipOf,
} from '../../../tests/fixtures/documents/build-zip.ts';
import { BudaoError } from '../../contract/errors.ts';
import { extract } from './extract.ts';
import type { ExtractionLimits } from './extracted-document.ts';
import { defaultExtractionLimits } from './limits.ts';
import type { RefusalCode } from './refusals.ts';

interface BadCase {
  name: string;
  filename: string;
  content: string | Buffer | (() => Promise<Buffer>);
  code: RefusalCode;
  /** What the message tells the person to do. */
  advice: RegExp;
  limits?: Partial<ExtractionLimits>;
}

const mebibyte = 1024 * 1024;
const paragraph = '<w:p><w:r><w:t>文字</w:t></w:r></w:p>';
const noise = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3)) % 256));

const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../../tests/fixtures/documents/${name}`, import.meta.url));

const billionLaughs = `<!DOCTYPE lolz [<!ENTITY a "lol">${Array.from(
  { length: 9 },
  (_, level) => `<!ENTITY ${'bcdefghij'[level]} "${`&${'abcdefghi'[level]};`.repeat(10)}">`,
).join('')}]><container>&j;</container>`;

const badCases: BadCase[] = [
  { name: 'no bytes', filename: 'a.txt', content: '', code: 'empty_document', advice: /upload it again/u },
  {
    name: 'only blanks',
    filename: 'a.md',
    content: ' \n\t\n\u3000',
    code: 'empty_document',
    advice: /upload it again/u,
  },
  {
    name: 'only zeros',
    filename: 'a.txt',
    content: Buffer.alloc(512),
    code: 'empty_document',
    advice: /upload it again/u,
  },
  {
    name: 'a DOCX without text',
    filename: 'a.docx',
    content: () => docxOf('<w:p/>'),
    code: 'empty_document',
    advice: /upload it again/u,
  },
  {
    name: 'a CSV of empty cells',
    filename: 'a.csv',
    content: ',,\n,,\n',
    code: 'empty_document',
    advice: /upload it again/u,
  },
  {
    name: 'a huge file',
    filename: 'a.txt',
    content: 'x'.repeat(2000),
    limits: { maxBytes: 1000 },
    code: 'too_large',
    advice: /Split/u,
  },
  {
    name: 'too much text',
    filename: 'a.txt',
    content: '字'.repeat(2000),
    limits: { maxCharacters: 1000 },
    code: 'too_large',
    advice: /Split/u,
  },
  {
    name: 'a sheet with too much text',
    filename: 'a.xlsx',
    content: () =>
      xlsxOf([
        { name: 'S', xml: `<sheetData><row><c t="str"><v>${'字'.repeat(2000)}</v></c></row></sheetData>` },
      ]),
    limits: { maxCharacters: 1000 },
    code: 'too_large',
    advice: /Split/u,
  },
  {
    name: 'binary bytes named .txt',
    filename: 'a.txt',
    content: noise,
    code: 'unsupported_format',
    advice: /Upload Markdown, text/u,
  },
  {
    name: 'a picture',
    filename: 'scan.png',
    content: Buffer.from('\x89PNG\r\n\x1a\n0000', 'latin1'),
    code: 'unsupported_format',
    advice: /text recognition/u,
  },
  {
    name: 'rich text',
    filename: 'a.rtf',
    content: '{\\rtf1 hello}',
    code: 'unsupported_format',
    advice: /Save it as DOCX/u,
  },
  {
    name: 'an archive',
    filename: 'a.zip',
    content: () => zipOf({ 'a.txt': 'a' }),
    code: 'unsupported_format',
    advice: /Unpack it/u,
  },
  {
    name: 'OpenDocument',
    filename: 'a.odt',
    content: () => zipOf({ mimetype: 'application/vnd.oasis.opendocument.text', 'content.xml': '<a/>' }),
    code: 'unsupported_format',
    advice: /Save it as DOCX/u,
  },
  {
    name: 'a binary workbook',
    filename: 'a.xlsb',
    content: () => zipOf({ '[Content_Types].xml': '<Types/>', 'xl/workbook.bin': 'x' }),
    code: 'unsupported_format',
    advice: /Save it as XLSX/u,
  },
  {
    name: 'an old Word document',
    filename: 'a.doc',
    content: oleContainer('WordDocument'),
    code: 'unsupported_format',
    advice: /Save it as DOCX/u,
  },
  {
    name: 'an old workbook named .xlsx',
    filename: 'a.xlsx',
    content: oleContainer('Workbook'),
    code: 'unsupported_format',
    advice: /Save it as XLSX/u,
  },
  {
    name: 'an old presentation',
    filename: 'a.ppt',
    content: oleContainer('PowerPoint Document'),
    code: 'unsupported_format',
    advice: /Save it as PPTX/u,
  },
  {
    name: 'an encrypted PDF',
    filename: 'a.pdf',
    content: () => fixture('encrypted.pdf'),
    code: 'encrypted_document',
    advice: /Remove the protection/u,
  },
  {
    name: 'an encrypted DOCX',
    filename: 'a.docx',
    content: encryptedOffice(),
    code: 'encrypted_document',
    advice: /Remove the protection/u,
  },
  {
    name: 'an EPUB with rights management',
    filename: 'a.epub',
    content: () =>
      epubOf(['<p>x</p>'], {
        'META-INF/encryption.xml': '<encryption><CipherReference URI="OEBPS/text/c1.xhtml"/></encryption>',
      }),
    code: 'encrypted_document',
    advice: /Remove the protection/u,
  },
  {
    name: 'a zip member with a password',
    filename: 'a.docx',
    content: async () => withEncryptionFlag(await docxOf(paragraph)),
    code: 'encrypted_document',
    advice: /Remove the protection/u,
  },
  {
    name: 'a PDF of nothing but its first line',
    filename: 'a.pdf',
    content: '%PDF-1.7\n',
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'noise behind a PDF header',
    filename: 'a.pdf',
    content: Buffer.concat([Buffer.from('%PDF-1.7\n'), noise]),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'noise named .pdf',
    filename: 'a.pdf',
    content: noise,
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'a truncated DOCX',
    filename: 'a.docx',
    content: async () => (await leaveRulesDocx()).subarray(0, 3000),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'a DOCX with a flipped byte',
    filename: 'a.docx',
    content: async () => withDamagedMember(await docxOf(paragraph.repeat(50)), 'word/document.xml'),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'a DOCX of broken XML',
    filename: 'a.docx',
    content: () => docxOf('<w:p><w:r></w:p>'),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'a DOCX without its main part',
    filename: 'a.docx',
    content: () => zipOf({ '[Content_Types].xml': '<Types/>', 'word/styles.xml': '<a/>' }),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'an XLSX without sheets',
    filename: 'a.xlsx',
    content: () => xlsxOf([]),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'an EPUB without its package file',
    filename: 'a.epub',
    content: () => zipOf({ 'META-INF/container.xml': '<container/>' }),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'deeply nested XML',
    filename: 'a.docx',
    content: () => docxOf('<w:sdt>'.repeat(5000) + paragraph + '</w:sdt>'.repeat(5000)),
    code: 'corrupt_document',
    advice: /nested too deeply/u,
  },
  {
    name: 'deeply nested HTML',
    filename: 'a.html',
    content: `<html>${'<div>'.repeat(200_000)}x`,
    code: 'corrupt_document',
    advice: /nested too deeply/u,
  },
  {
    name: 'a billion laughs',
    filename: 'a.epub',
    content: () => epubOf(['<p>x</p>'], { 'META-INF/container.xml': billionLaughs }),
    code: 'corrupt_document',
    advice: /XML entities/u,
  },
  {
    name: 'an external entity',
    filename: 'a.docx',
    content: () =>
      zipOf({
        '[Content_Types].xml': '<Types/>',
        'word/document.xml': '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
      }),
    code: 'corrupt_document',
    advice: /XML entities/u,
  },
  {
    name: 'a PDF of scans',
    filename: 'a.pdf',
    content: scannedPdf(2),
    code: 'no_text_layer',
    advice: /OCR/u,
  },
  {
    name: 'a PDF without pages',
    filename: 'a.pdf',
    content: chinesePdf([]),
    code: 'empty_document',
    advice: /upload it again/u,
  },
  {
    name: 'too many pages',
    filename: 'a.pdf',
    content: chinesePdf([['一'], ['二'], ['三']]),
    limits: { maxPages: 2 },
    code: 'too_many_pages',
    advice: /at most 2 .* Split/u,
  },
  {
    name: 'too many sheets',
    filename: 'a.xlsx',
    content: () =>
      xlsxOf([
        { name: 'A', xml: '' },
        { name: 'B', xml: '' },
      ]),
    limits: { maxPages: 1 },
    code: 'too_many_pages',
    advice: /at most 1 .* Split/u,
  },
  {
    name: 'a zip bomb by declared size',
    filename: 'a.docx',
    content: () => docxOf(paragraph, { 'word/media/x.bin': Buffer.alloc(3 * mebibyte) }),
    limits: { maxUnpackedBytes: mebibyte },
    code: 'unpacks_too_large',
    advice: /remove embedded/u,
  },
  {
    name: 'a zip bomb by ratio',
    filename: 'a.docx',
    content: () => docxOf(paragraph, { 'word/media/x.bin': Buffer.alloc(32 * mebibyte) }),
    code: 'unpacks_too_large',
    advice: /times its size/u,
  },
  {
    name: 'a zip bomb that lies about its size',
    filename: 'a.docx',
    content: async () => withDeclaredSize(await docxOf(paragraph.repeat(50_000)), 'word/document.xml', 1000),
    code: 'corrupt_document',
    advice: /save it again/u,
  },
  {
    name: 'a zip with too many members',
    filename: 'a.docx',
    content: async () => withMemberCount(await docxOf(paragraph), 20_001),
    code: 'unpacks_too_large',
    advice: /members/u,
  },
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bad-input-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a bad document is refused with a stable code and with what to do', () => {
  it.each(badCases)('$name: $code', async (bad) => {
    const path = join(folder, 'bytes');
    await writeFile(path, typeof bad.content === 'function' ? await bad.content() : bad.content);
    const error: unknown = await extract(path, bad.filename, {
      ...defaultExtractionLimits,
      ...bad.limits,
    }).then(
      (document) => document,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(BudaoError);
    expect(error).toMatchObject({ kind: 'invalid', code: bad.code });
    expect((error as BudaoError).message).toMatch(bad.advice);
  });
});
