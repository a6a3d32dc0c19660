import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docxOf, encryptedOffice, leaveRulesDocx, oleContainer } from '../fixtures/documents/build-office.ts';
import { chinesePdf, scannedPdf } from '../fixtures/documents/build-pdf.ts';
import { withDamagedMember, withEncryptionFlag, zipOf } from '../fixtures/documents/build-zip.ts';
import type { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { expectError } from './expect-error.ts';
import { startConfigured } from './service-fixture.ts';
import { formOf, StoredBefore, settled, upload } from './stored-before.ts';

const MAX_UPLOAD_BYTES = 1024 * 1024;
const MAX_PAGES = 3;
const MAX_CHUNKS = 50;
const PARAGRAPH = '<w:p><w:r><w:t>值班室每晚二十二点交接。</w:t></w:r></w:p>';

let service: Service;
let before: StoredBefore;
let fingerprint = '';

beforeAll(async () => {
  service = await startConfigured({
    limits: {
      maxUploadBytes: MAX_UPLOAD_BYTES,
      maxPages: MAX_PAGES,
      maxChunks: MAX_CHUNKS,
      extractionTimeoutMs: 20_000,
    },
  });
  before = await StoredBefore.create(service);
  fingerprint = await before.fingerprint();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

interface RefusedDocument {
  name: string;
  filename: string;
  content: () => Promise<Buffer> | Buffer;
  code: string;
  /** What the reason tells people to do. */
  advice: RegExp;
}

const REFUSED: RefusedDocument[] = [
  {
    name: 'only blanks',
    filename: 'a.md',
    content: () => Buffer.from(' \n\u3000\n'),
    code: 'empty_document',
    advice: /upload it again/,
  },
  {
    name: 'only NULs',
    filename: 'a.txt',
    content: () => Buffer.alloc(2_000),
    code: 'empty_document',
    advice: /upload it again/,
  },
  {
    name: 'binary',
    filename: 'a.bin',
    content: () => Buffer.concat([Buffer.from([0, 255, 0, 254]), randomBytes(60_000)]),
    code: 'unsupported_format',
    advice: /Upload Markdown/,
  },
  {
    name: 'binary, named .pdf',
    filename: 'a.pdf',
    content: () => Buffer.concat([Buffer.from([0, 255, 0, 254]), randomBytes(60_000)]),
    code: 'corrupt_document',
    advice: /save it again/,
  },
  {
    name: 'encrypted PDF',
    filename: 'a.pdf',
    content: () => fixture('encrypted.pdf'),
    code: 'encrypted_document',
    advice: /Remove the protection/,
  },
  {
    name: 'encrypted DOCX',
    filename: 'a.docx',
    content: encryptedOffice,
    code: 'encrypted_document',
    advice: /Remove the protection/,
  },
  {
    name: 'DOCX in a zip with a password',
    filename: 'a.docx',
    content: async () => withEncryptionFlag(await docxOf(PARAGRAPH)),
    code: 'encrypted_document',
    advice: /Remove the protection/,
  },
  {
    name: 'old Word document',
    filename: 'a.doc',
    content: () => oleContainer('WordDocument'),
    code: 'unsupported_format',
    advice: /Save it as DOCX/,
  },
  {
    name: 'corrupt DOCX',
    filename: 'a.docx',
    content: async () => withDamagedMember(await docxOf(PARAGRAPH.repeat(50)), 'word/document.xml'),
    code: 'corrupt_document',
    advice: /save it again/,
  },
  {
    name: 'truncated DOCX',
    filename: 'a.docx',
    content: async () => (await leaveRulesDocx()).subarray(0, 3_000),
    code: 'corrupt_document',
    advice: /save it again/,
  },
  {
    name: 'truncated PDF',
    filename: 'a.pdf',
    content: () => chinesePdf([['一']]).subarray(0, 300),
    code: 'corrupt_document',
    advice: /save it again/,
  },
  {
    name: 'zip bomb',
    filename: 'a.docx',
    content: () => docxOf(PARAGRAPH, { 'word/media/x.bin': Buffer.alloc(64 * 1024 * 1024) }),
    code: 'unpacks_too_large',
    advice: /remove embedded/,
  },
  {
    name: 'PDF without pages',
    filename: 'a.pdf',
    content: () => chinesePdf([]),
    code: 'empty_document',
    advice: /upload it again/,
  },
  {
    name: 'DOCX without text',
    filename: 'a.docx',
    content: () => docxOf('<w:p/>'),
    code: 'empty_document',
    advice: /upload it again/,
  },
  {
    name: 'PDF of scans',
    filename: 'a.pdf',
    content: () => scannedPdf(2),
    code: 'no_text_layer',
    advice: /OCR/,
  },
  {
    name: 'too many pages',
    filename: 'a.pdf',
    content: () => chinesePdf([['一'], ['二'], ['三'], ['四']]),
    code: 'too_many_pages',
    advice: /Split it/,
  },
  {
    name: 'too many chunks',
    filename: 'a.md',
    content: () => Buffer.from('# 值班\n\n交接。\n\n'.repeat(MAX_CHUNKS + 1)),
    code: 'too_many_chunks',
    advice: /more than 50 chunks\. Split it .* larger chunks/,
  },
  {
    name: 'archive',
    filename: 'a.zip',
    content: () => zipOf({ 'a.txt': 'x' }),
    code: 'unsupported_format',
    advice: /Unpack it/,
  },
];

describe('a document that cannot be read fails with its reason, and harms nothing', () => {
  test.each(REFUSED)('$name: $code', async ({ filename, content, code, advice }) => {
    const { id } = await upload(service, before.knowledgeBaseId, filename, await content());
    const document = await settled(service, before.knowledgeBaseId, id);
    expect(document).toMatchObject({ status: 'failed', chunk_count: 0, last_error: { code } });
    expect(document.last_error?.message).toMatch(advice);
    // What was uploaded can still be fetched, so that its owner can look at it.
    expect((await service.request('GET', `/v1/files/${id}/content`)).status).toBe(200);
    expect(await before.fingerprint()).toBe(fingerprint);
  });

  const READ: { name: string; filename: string; content: () => Promise<Buffer> | Buffer; warning: RegExp }[] =
    [
      {
        name: 'a PDF named .txt',
        filename: 'a.txt',
        content: () => chinesePdf([['值班安排']]),
        warning: /content is pdf/,
      },
      {
        name: 'a text named .pdf',
        filename: 'a.pdf',
        content: () => Buffer.from('值班安排每周更新。'),
        warning: /content is text/,
      },
      {
        name: 'a document with macros',
        filename: 'a.docm',
        content: () => docxOf(PARAGRAPH, { 'word/vbaProject.bin': Buffer.from('Sub AutoOpen') }),
        warning: /macros; they were ignored/,
      },
    ];
  test.each(READ)('$name is read, with a warning', async ({ filename, content, warning }) => {
    const { id } = await upload(service, before.knowledgeBaseId, filename, await content());
    const document = await settled(service, before.knowledgeBaseId, id);
    expect(document).toMatchObject({ status: 'completed', last_error: null });
    expect(document.warnings.join('\n')).toMatch(warning);
  });
});

const ROUTES = [
  { route: '/v1/files', path: () => '/v1/files' },
  {
    route: '/v1/vector_stores/{id}/documents',
    path: () => `/v1/vector_stores/${before.knowledgeBaseId}/documents`,
  },
];

describe.each(ROUTES)('an upload to $route', ({ path }) => {
  const send = (body: FormData) => service.request('POST', path(), body);
  const sendRaw = (body: string | Uint8Array, contentType: string) =>
    fetch(`${service.url}${path()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.apiKey}`, 'content-type': contentType },
      body: body as Uint8Array<ArrayBuffer>,
    });

  test('of nothing, or of too much, is refused before anything is kept', async () => {
    const documents = await documentCount();
    expect(
      await expectError(await send(formOf('a.txt', '')), {
        status: 400,
        code: 'empty_document',
        param: 'file',
      }),
    ).toMatch(/upload it again/);
    const huge = { status: 413, code: 'file_too_large', param: 'file' };
    const little = formOf('a.txt', 'x'.repeat(MAX_UPLOAD_BYTES + 1));
    expect(await expectError(await send(little), huge)).toMatch(/at most 1\.0 MiB.*Split/s);
    const much = formOf('a.txt', 'x'.repeat(8 * MAX_UPLOAD_BYTES));
    expect(await expectError(await send(much), huge)).toMatch(/Split/);
    expect(await expectError(await chunkedUpload(path(), 4 * MAX_UPLOAD_BYTES), huge)).toMatch(/Split/);
    expect(await documentCount()).toBe(documents);
    expect(await before.fingerprint()).toBe(fingerprint);
  });

  test('without a file, in a wrong form or of a wrong type says how to send it', async () => {
    const documents = await documentCount();
    const noFile = new FormData();
    noFile.append('purpose', 'assistants');
    await expectError(await send(noFile), { status: 400, code: 'missing_required_parameter', param: 'file' });
    const elsewhere = new FormData();
    elsewhere.append('document', new Blob(['x']), 'a.txt');
    await expectError(await send(elsewhere), { status: 400, code: 'unknown_parameter', param: 'document' });
    const two = formOf('a.txt', 'x');
    two.append('file', new Blob(['y']), 'b.txt');
    await expectError(await send(two), { status: 400, code: 'invalid_form' });
    await expectError(await send(formOf('a.txt', 'x', { colour: 'red' })), {
      status: 400,
      code: 'unknown_parameter',
      param: 'colour',
    });
    const form = { status: 400, code: 'unsupported_media_type' };
    expect(await expectError(await sendRaw('{"file":"x"}', 'application/json'), form)).toMatch(/multipart/);
    expect(await expectError(await sendRaw('x', 'text/plain'), form)).toMatch(/multipart/);
    const broken = { status: 400, code: 'upload_incomplete' };
    await expectError(
      await sendRaw(
        '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nxyz',
        'multipart/form-data; boundary=b',
      ),
      broken,
    );
    await expectError(await sendRaw('no form at all', 'multipart/form-data; boundary=b'), broken);
    await expectError(await sendRaw('x', 'multipart/form-data'), broken);
    expect(await documentCount()).toBe(documents);
  });

  test('that breaks off leaves nothing behind', async () => {
    const documents = await documentCount();
    await breakOff(path());
    await breakOff(path());
    // A later request shows that the service got over it.
    await expectError(await send(formOf('a.txt', '')), { status: 400, code: 'empty_document' });
    expect(await documentCount()).toBe(documents);
    expect(await before.fingerprint()).toBe(fingerprint);
  });

  const NAMES: { name: string; sent: string; kept: string }[] = [
    { name: 'a path upwards', sent: '../../../etc/passwd.txt', kept: 'passwd.txt' },
    { name: 'a Windows path', sent: 'C:\\\\Windows\\\\win.ini.txt', kept: 'win.ini.txt' },
    { name: 'reversed writing', sent: 'gepj\u202etxt.txt', kept: 'gepjtxt.txt' },
    { name: '5,000 characters', sent: `${'长'.repeat(5_000)}.txt`, kept: `${'长'.repeat(251)}.txt` },
    { name: 'only dots', sent: '..', kept: 'unnamed' },
    { name: 'SQL', sent: `'); DROP TABLE document;--.txt`, kept: `'); DROP TABLE document;--.txt` },
    { name: 'HTML', sent: '<img src=x onerror=alert(1)>.txt', kept: '<img src=x onerror=alert(1)>.txt' },
  ];
  test.each(NAMES)('named with $name is kept under a harmless name', async ({ sent, kept }) => {
    const head = `--b\r\ncontent-disposition: form-data; name="file"; filename="${sent}"\r\n\r\n`;
    const response = await sendRaw(
      Buffer.from(`${head}交接记录\r\n--b--\r\n`),
      'multipart/form-data; boundary=b',
    );
    const body = (await response.json()) as { id: string; filename: string };
    expect({ status: response.status, body }).toMatchObject({
      status: 200,
      body: { filename: expect.any(String) },
    });
    expect(body.filename).toBe(kept);
    const content = await service.request('GET', `/v1/files/${body.id}/content`);
    expect(content.headers.get('content-type')).toBe('application/octet-stream');
    expect(content.headers.get('content-disposition')).toMatch(/^attachment; filename/);
    expect(await content.text()).toBe('交接记录');
  });
});

async function documentCount(): Promise<number> {
  const { data } = await service.json<{ data: unknown[] }>('GET', '/v1/files?limit=10000');
  return data.length;
}

/** Without a Content-Length, so that only counting shows how much it is. */
function chunkedUpload(path: string, bytes: number): Promise<Response> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n');
    for (let sent = 0; sent < bytes; sent += 64 * 1024) yield Buffer.alloc(64 * 1024, 'x');
    yield Buffer.from('\r\n--b--\r\n');
  }
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.apiKey}`, 'content-type': 'multipart/form-data; boundary=b' },
    body: ReadableStream.from(pieces()),
    duplex: 'half',
  } as RequestInit);
}

/** The connection is cut in the middle of the file. */
async function breakOff(path: string): Promise<void> {
  const socket = connect(service.port, '127.0.0.1');
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${service.apiKey}\r\ncontent-length: 500000\r\n` +
      'content-type: multipart/form-data; boundary=b\r\n\r\n' +
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
  );
  await new Promise<void>((resolve) => socket.write('x'.repeat(100_000), () => resolve()));
  await until(() => socket.writableLength === 0);
  socket.resetAndDestroy();
  await gone;
}

function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../fixtures/documents/${name}`, import.meta.url));
}
