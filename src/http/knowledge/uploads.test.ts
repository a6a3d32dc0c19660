import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import { WORKSPACE_LIMITS } from '../../contract/workspace-limits.ts';
import { until, WORKSPACE } from '../../knowledge/testing.ts';
import { form, type KnowledgeServer, MAX_UPLOAD_BYTES, openKnowledgeServer, post } from './testing.ts';

const HEAD = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n';
const TAIL = '\r\n--x--\r\n';
const multipart = { 'content-type': 'multipart/form-data; boundary=x' };

describe('uploads', () => {
  let server: KnowledgeServer;

  beforeAll(async () => {
    server = await openKnowledgeServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const storedFiles = async (): Promise<string[]> => {
    const names = await readdir(server.knowledge.blobs.path('0'.repeat(64)).replace(/\/00\/0+$/, ''), {
      recursive: true,
    }).catch(() => []);
    return names.filter((name) => name.includes('.tmp-') || name.length > 60);
  };
  const rows = async (): Promise<number> =>
    (await server.knowledge.ledger.read.all('SELECT id FROM document')).length;

  it('cleans a name that climbs out of its folder or confuses a terminal', async () => {
    const name = '..\\..\\etc/\u202Egnp.exe报告.md';
    const { body } = await server.send('/v1/files', form({ file: new File(['text'], name) }));
    expect(body.filename).toBe('gnp.exe报告.md');
  });

  it('keeps one blob for the same file twice at the same moment, and two documents', async () => {
    const before = await storedFiles();
    const upload = () => server.send('/v1/files', form({ file: new File(['same content'], 'same.md') }));
    const [one, two] = await Promise.all([upload(), upload()]);
    expect(one.body.id).not.toBe(two.body.id);
    expect((await storedFiles()).length).toBe(before.length + 1);
    for (const { body } of [one, two]) {
      const content = await fetch(`${server.url}/v1/files/${body.id}/content`);
      expect(await content.text()).toBe('same content');
    }
  });

  it.each([
    ['an empty file', form({ file: new File([], 'empty.md') }), 400, 'empty_document', 'file'],
    ['no file', form({ purpose: 'assistants' }), 400, 'missing_required_parameter', 'file'],
    [
      'a file in another field',
      form({ document: new File(['x'], 'a.md') }),
      400,
      'unknown_parameter',
      'document',
    ],
    [
      'an unknown field',
      form({ file: new File(['x'], 'a.md'), colour: 'red' }),
      400,
      'unknown_parameter',
      'colour',
    ],
    [
      'an unknown purpose',
      form({ purpose: 'world domination', file: new File(['x'], 'a.md') }),
      400,
      'invalid_value',
      'purpose',
    ],
    ['JSON instead of a form', post({ file: 'x' }), 400, 'unsupported_media_type', null],
    [
      'a form that is cut short',
      { method: 'POST', headers: multipart, body: `${HEAD}half a` },
      400,
      'upload_incomplete',
      null,
    ],
    [
      'a form that is none',
      { method: 'POST', headers: multipart, body: 'hello' },
      400,
      'upload_incomplete',
      null,
    ],
    [
      'two files',
      { method: 'POST', headers: multipart, body: `${HEAD}a\r\n${HEAD}b${TAIL}` },
      400,
      'invalid_form',
      null,
    ],
  ])('refuses %s with a reason and stores no row', async (_, init, status, code, param) => {
    const before = await rows();
    const reply = await server.send('/v1/files', init as RequestInit);
    expect({ status: reply.status, code: reply.body.error?.code }).toEqual({ status, code });
    if (param !== null) expect(reply.body.error.param).toBe(param);
    expect(await rows()).toBe(before);
  });

  it('refuses a declared size over the limit before a byte is written', async () => {
    const big = new File([new Uint8Array(MAX_UPLOAD_BYTES * 2)], 'big.md');
    const { status, body } = await server.send('/v1/files', form({ file: big }));
    expect(status).toBe(413);
    expect(body.error.code).toBe('file_too_large');
  });

  it('stops an undeclared size at the limit and leaves nothing', async () => {
    const before = await storedFiles();
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const content = Readable.from(
      (function* () {
        yield HEAD;
        for (let sent = 0; sent < MAX_UPLOAD_BYTES * 3; sent += chunk.length) yield chunk;
        yield TAIL;
      })(),
    );
    const reply = await server.send('/v1/files', {
      method: 'POST',
      headers: multipart,
      body: Readable.toWeb(content) as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    expect(reply.status).toBe(413);
    expect(reply.body.error.code).toBe('file_too_large');
    expect(await storedFiles()).toEqual(before);
  });

  it('leaves nothing of a client that breaks off, and takes the next one', async () => {
    const before = await storedFiles();
    const rowsBefore = await rows();
    const call = httpRequest(`${server.url}/v1/files`, {
      method: 'POST',
      headers: { ...multipart, 'content-length': '500000' },
    });
    call.on('error', () => {});
    call.write(`${HEAD}${'a'.repeat(100_000)}`);
    await until(async () => ((await storedFiles()).length > before.length ? true : null), 'a temporary file');
    call.destroy();
    await until(async () => ((await storedFiles()).length === before.length ? true : null), 'clearing up');
    expect(await rows()).toBe(rowsBefore);
    const next = await server.send('/v1/files', form({ file: new File(['next'], 'next.md') }));
    expect(next.status).toBe(200);
  });

  it('says so when the disk is full, and that a retry will not help', async () => {
    const { blobs } = server.knowledge;
    const put = blobs.put.bind(blobs);
    blobs.put = async (content) => {
      content.destroy();
      throw new BudaoError('unavailable', 'storage_full', 'The disk is full.');
    };
    const reply = await server.send('/v1/files', form({ file: new File(['x'], 'a.md') }));
    blobs.put = put;
    expect(reply.status).toBe(507);
    expect(reply.body.error.code).toBe('storage_full');
    expect(reply.headers.get('x-should-retry')).toBe('false');
  });

  it('turns away more uploads at once than a workspace may have, and only that workspace', async () => {
    const calls = Array.from({ length: WORKSPACE_LIMITS.uploads.default }, () => {
      const call = httpRequest(`${server.url}/v1/files`, {
        method: 'POST',
        headers: { ...multipart, 'content-length': '5000', authorization: `Bearer ${WORKSPACE}` },
      });
      call.on('error', () => {});
      call.write(`${HEAD}begun`);
      return call;
    });
    const before = (await storedFiles()).filter((name) => !name.includes('.tmp-')).length;
    await until(
      async () => ((await storedFiles()).length - before === WORKSPACE_LIMITS.uploads.default ? true : null),
      'all uploads to begin',
    );
    const refused = await server.send('/v1/files', form({ file: new File(['x'], 'a.md') }));
    expect(refused.status).toBe(429);
    expect(refused.body.error.code).toBe('too_many_uploads');
    expect(refused.headers.get('retry-after')).toBe('2');
    const elsewhere = await server.send('/v1/files', {
      ...form({ file: new File(['x'], 'a.md') }),
      headers: { authorization: 'Bearer ws_other' },
    });
    expect(elsewhere.status).toBe(200);
    for (const call of calls) call.destroy();
    await until(async () => {
      const reply = await server.send('/v1/files', form({ file: new File(['x'], 'a.md') }));
      return reply.status === 200 ? true : null;
    }, 'the places to be free again');
  });
});
