import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT, type Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { expectError } from './expect-error.ts';
import {
  formOf,
  QUESTION,
  type StoredBefore,
  settled,
  upload,
  type VectorStoreFile,
} from './stored-before.ts';
import { startStoredService } from './stored-service.ts';

// One service for all: every repair leaves it as it was.
let service: Service;
let before: StoredBefore;
let fingerprint = '';

beforeAll(async () => {
  ({ service, before, fingerprint } = await startStoredService());
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

interface Doctor {
  ok: boolean;
  findings: { check: string; subject: string; action: string; fixed: boolean }[];
}

/** As an operator runs it beside the service. */
async function doctor(...options: string[]): Promise<Doctor> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/budao.mjs'), 'doctor', '--json', ...options], {
    env: { ...process.env, BUDAO_DATA_DIR: service.dataDir },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(await text(child.stdout)) as Doctor;
}

async function filesBelow(folder: string, matching: RegExp): Promise<string[]> {
  const entries = await readdir(join(service.dataDir, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const matched = files.filter((file) => matching.test(file));
  expect(matched).not.toEqual([]);
  return matched;
}

/** As a failing disk does it: the same length, one bit of one byte in the middle. */
async function flipByte(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const at = (await file.stat()).size >> 1;
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, at);
}

async function restart(): Promise<void> {
  await service.stop();
  await service.start();
}

interface Answer {
  id: string;
  status: string;
  output: { content?: { text: string }[] }[];
  budao: { mode_reason: string | null };
}

/** Processes that hold the index in memory may still answer rightly; all others say what is wrong. */
async function expectRightOrDeclared(): Promise<Answer> {
  const path = `/v1/vector_stores/${before.knowledgeBaseId}/search`;
  const searched = await service.request('POST', path, { query: QUESTION });
  if (searched.ok) expect(await searched.text()).toContain(before.documentId);
  else {
    const message = await expectError(searched, { status: 503, code: 'index_corrupt' });
    expect(message).toMatch(/budao doctor --fix/);
  }
  const answer = await service.json<Answer>('POST', '/v1/responses', { input: QUESTION });
  // Without a model and without documents nobody can answer: the question is kept, and says so.
  expect(['completed', 'queued']).toContain(answer.status);
  if (answer.status === 'queued') expect(answer.budao).toMatchObject({ mode: 'deferred' });
  else
    expect(`${answer.budao.mode_reason} ${JSON.stringify(answer.output)}`).toMatch(
      /search index .* cannot be read|15 天/,
    );
  return answer;
}

async function answerArrives({ id }: Answer): Promise<void> {
  await until(
    async () => (await service.json<Answer>('GET', `/v1/responses/${id}`)).status === 'completed',
    30_000,
  );
  expect(JSON.stringify((await service.json<Answer>('GET', `/v1/responses/${id}`)).output)).toContain(
    '15 天',
  );
}

const INDEX_DAMAGES = [
  {
    name: 'whose manifests are cut off',
    damage: async () =>
      Promise.all((await filesBelow('index', /\.manifest$/)).map((file) => truncate(file, 5))),
  },
  {
    name: 'whose manifests are overwritten',
    damage: async () =>
      Promise.all(
        (await filesBelow('index', /\.manifest$/)).map((file) => writeFile(file, 'LANC'.repeat(100))),
      ),
  },
  {
    name: 'whose data files are gone',
    damage: async () =>
      Promise.all((await filesBelow('index', /data\/[^/]+\.lance$/)).map((file) => rm(file))),
  },
];

describe('an index', () => {
  test.each(INDEX_DAMAGES)(
    '$name makes no answer silently poorer, and doctor repairs it beside the service at work',
    async ({ damage }) => {
      await damage();
      const asked = await expectRightOrDeclared();
      const { findings } = await doctor('--fix');
      expect(findings).toContainEqual(
        expect.objectContaining({ check: 'index-corrupt', subject: before.knowledgeBaseId, fixed: true }),
      );
      await until(() => before.findsPassage().catch(() => false));
      await answerArrives(asked);
      expect(await before.fingerprint()).toBe(fingerprint);
      expect(await doctor()).toMatchObject({ ok: true, findings: [] });
    },
  );

  test.each([
    ...INDEX_DAMAGES,
    { name: 'that is gone', damage: () => rm(join(service.dataDir, 'index'), { recursive: true }) },
  ])('$name is repaired by a start', async ({ damage }) => {
    await service.stop();
    await damage();
    await service.start();
    await until(() => before.findsPassage().catch(() => false));
    expect(await before.fingerprint()).toBe(fingerprint);
  });
});

describe('what was derived of a document', () => {
  test('is derived again by a start when it is gone', async () => {
    await service.stop();
    await rm(join(service.dataDir, 'derived'), { recursive: true });
    await service.start();
    await until(async () => (await service.request('GET', `/v1/files/${before.documentId}/text`)).ok);
    await until(() => before.findsPassage());
    expect(await before.fingerprint()).toBe(fingerprint);
  });
});

describe('the content of a document', () => {
  const content = () => service.request('GET', `/v1/files/${before.documentId}/content`);

  test('that is gone is told apart from one that never was, and the same file brings it back', async () => {
    const original = await (await content()).text();
    const [path = ''] = await filesBelow('blobs', /[0-9a-f]{64}$/);
    await rm(path);
    expect(await expectError(await content(), { status: 500, code: 'blob_missing' })).toMatch(/budao doctor/);
    expect(await before.findsPassage()).toBe(true);
    const { ok, findings } = await doctor('--fix');
    expect(ok).toBe(false);
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'blob-missing',
        subject: before.documentId,
        fixed: false,
        action: expect.stringMatching(/Upload the same file again/),
      }),
    );
    await upload(service, before.knowledgeBaseId, '同一份.md', original);
    expect(await before.fingerprint()).toBe(fingerprint);
  });

  test('that is damaged is found by a deep look, and the same file brings it back', async () => {
    const original = await (await content()).text();
    const [path = ''] = await filesBelow('blobs', /[0-9a-f]{64}$/);
    await flipByte(path);
    const { findings } = await doctor('--deep');
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'blob-corrupt', subject: before.documentId, fixed: false }),
    );
    await restart();
    expect(await before.findsPassage()).toBe(true);
    await upload(service, before.knowledgeBaseId, '同一份.md', original);
    expect(await before.fingerprint()).toBe(fingerprint);
    expect((await doctor('--deep')).findings.filter(({ check }) => check.startsWith('blob'))).toEqual([]);
  });

  const warningsOf = async (): Promise<string[]> => {
    const path = `/v1/vector_stores/${before.knowledgeBaseId}/files/${before.documentId}`;
    return (await service.json<VectorStoreFile>('GET', path)).warnings;
  };

  test('with one byte flipped is not given out; the document says so and what to do', async () => {
    const original = await (await content()).text();
    const [path = ''] = await filesBelow('blobs', /[0-9a-f]{64}$/);
    expect(await warningsOf()).toEqual([]);
    await flipByte(path);
    expect(await expectError(await content(), { status: 500, code: 'blob_corrupt' })).toMatch(
      /Upload the same file again/,
    );
    expect(await warningsOf()).toEqual([expect.stringMatching(/damaged .* Upload the same file again/)]);
    expect(await service.json('GET', `/v1/files/${before.documentId}`)).toMatchObject({
      status: 'error',
      status_details: expect.stringMatching(/Upload the same file again/),
    });
    // Seen once, it is remembered without a deep look.
    expect((await doctor()).findings).toContainEqual(
      expect.objectContaining({ check: 'blob-corrupt', subject: before.documentId }),
    );
    await upload(service, before.knowledgeBaseId, '同一份.md', original);
    expect(await warningsOf()).toEqual([]);
    expect(await before.fingerprint()).toBe(fingerprint);
  });

  test('too large to be looked at first breaks off before its end, and says so from then on', async () => {
    const original = Buffer.alloc(12 * 1024 * 1024, '值班室每晚二十二点交接。');
    const send = () => service.json<{ id: string }>('POST', '/v1/files', formOf('大.txt', original));
    const { id } = await send();
    const download = async () => {
      const response = await service.request('GET', `/v1/files/${id}/content`);
      return Buffer.from(await response.arrayBuffer()).equals(original);
    };
    expect(await download()).toBe(true);
    const sha256 = createHash('sha256').update(original).digest('hex');
    await flipByte(join(service.dataDir, 'blobs', sha256.slice(0, 2), sha256));
    await expect(download()).rejects.toThrow();
    expect(await service.json('GET', `/v1/files/${id}`)).toMatchObject({ status: 'error' });
    await send();
    expect(await download()).toBe(true);
    expect(await service.json('GET', `/v1/files/${id}`)).toMatchObject({ status: 'processed' });
  });

  test('with one byte flipped is not taken in', async () => {
    const original = Buffer.from('# 值班\n\n第一条 夜班 12 小时。\n');
    const { id } = await upload(service, before.knowledgeBaseId, '值班.md', original);
    expect((await settled(service, before.knowledgeBaseId, id)).status).toBe('completed');
    const sha256 = createHash('sha256').update(original).digest('hex');
    await flipByte(join(service.dataDir, 'blobs', sha256.slice(0, 2), sha256));
    await service.json('POST', `/v1/vector_stores/${before.knowledgeBaseId}/files/${id}/reingest`);
    const file = await settled(service, before.knowledgeBaseId, id);
    expect(file).toMatchObject({ status: 'failed', last_error: { code: 'blob_corrupt' } });
    expect(file.warnings).toEqual([expect.stringMatching(/damaged/)]);
    await upload(service, before.knowledgeBaseId, '同一份值班.md', original);
    await service.json('POST', `/v1/vector_stores/${before.knowledgeBaseId}/files/${id}/reingest`);
    expect(await settled(service, before.knowledgeBaseId, id)).toMatchObject({
      status: 'completed',
      warnings: [],
    });
  });
});
