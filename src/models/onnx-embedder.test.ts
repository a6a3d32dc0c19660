import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TINY_VOCABULARY, tinyRow, writeTinyOnnxModel } from '../../tests/support/tiny-onnx-model.ts';
import { createOnnxEmbedder, type OnnxEmbedder, type OnnxEmbedderOptions } from './onnx-embedder.ts';

let folder: string;
let opened: OnnxEmbedder[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'budao-onnx-'));
});
afterEach(async () => {
  for (const embedder of opened) await embedder[Symbol.asyncDispose]();
  opened = [];
  rmSync(folder, { recursive: true });
});

async function open(options: Partial<OnnxEmbedderOptions> = {}): Promise<OnnxEmbedder> {
  const embedder = await createOnnxEmbedder({ folder, ...options });
  opened.push(embedder);
  return embedder;
}

/** What the tiny model must give: the mean of its rows, or the first row, at length 1. */
function expected(tokens: readonly string[], pooling: 'mean' | 'cls' = 'mean'): unknown[] {
  const rows = tokens.map((token) => tinyRow(TINY_VOCABULARY.indexOf(token)));
  const used = pooling === 'cls' ? rows.slice(0, 1) : rows;
  const sums = [0, 1, 2, 3].map((at) => used.reduce((sum, row) => sum + row[at]!, 0) / used.length);
  return sums.map((value) => expect.closeTo(value / Math.hypot(...sums), 5) as unknown);
}

describe('a real inference on a model that was written by hand', () => {
  test('texts of different lengths in one batch get the vectors that they get alone', async () => {
    writeTinyOnnxModel(folder);
    const embedder = await open();
    expect(embedder.dimension).toBe(4);
    const got = await embedder.embed(['年假', '值班 on Leave', '假'], { purpose: 'passage' });
    expect(got).toEqual([
      expected(['[CLS]', '年', '假', '[SEP]']),
      expected(['[CLS]', '值', '班', '[UNK]', 'leave', '[SEP]']),
      expected(['[CLS]', '假', '[SEP]']),
    ]);
    expect(await embedder.embed(['假'], { purpose: 'query' })).toEqual([expected(['[CLS]', '假', '[SEP]'])]);
  });

  test('the folder says how to pool, and an option overrules it', async () => {
    writeTinyOnnxModel(folder, { pooling: 'cls', modelFolder: '.' });
    const pooled = await (await open()).embed(['年假'], { purpose: 'query' });
    expect(pooled).toEqual([expected(['[CLS]', '年', '假'], 'cls')]);
    const mean = await (await open({ pooling: 'mean' })).embed(['年假'], { purpose: 'query' });
    expect(mean).toEqual([expected(['[CLS]', '年', '假', '[SEP]'])]);
  });

  test('a text over the limit is shortened and keeps its last mark; prefixes differ by purpose', async () => {
    writeTinyOnnxModel(folder);
    const short = await open({ maxTokens: 4, queryPrefix: 'leave ' });
    expect(await short.embed(['年假值班'], { purpose: 'passage' })).toEqual([
      expected(['[CLS]', '年', '假', '[SEP]']),
    ]);
    expect(await short.embed(['年'], { purpose: 'query' })).toEqual([
      expected(['[CLS]', 'leave', '年', '[SEP]']),
    ]);
  });

  test('many calls at once, in batches, keep their order', async () => {
    writeTinyOnnxModel(folder);
    const embedder = await open({ batchSize: 2 });
    const words = ['年', '假', '值', '班', 'leave'];
    const calls = await Promise.all(
      words.map((word) => embedder.embed([word, ...words], { purpose: 'passage' })),
    );
    for (const [index, vectors] of calls.entries()) {
      expect(vectors).toEqual([words[index]!, ...words].map((word) => expected(['[CLS]', word, '[SEP]'])));
    }
  });
});

describe('the identity', () => {
  test('is the same for the same files and another for a changed model', async () => {
    writeTinyOnnxModel(folder);
    const before = (await open()).id;
    expect((await open()).id).toBe(before);
    expect((await open({ pooling: 'cls' })).id).not.toBe(before);
    const path = join(folder, 'tokenizer.json');
    writeFileSync(path, `${readFileSync(path, 'utf8')} `);
    expect((await open()).id).not.toBe(before);
  });

  test('is read from its cache as long as size and time of the files stay', async () => {
    writeTinyOnnxModel(folder);
    const identityCacheFile = join(folder, 'identity.json');
    const before = (await open({ identityCacheFile })).id;
    const cache = readFileSync(identityCacheFile, 'utf8');
    writeFileSync(identityCacheFile, cache.replace(/"sha256":"[^"]*"/, '"sha256":"0123456789abcdef0123"'));
    expect((await open({ identityCacheFile })).id).toContain('0123456789abcdef');
    utimesSync(join(folder, 'tokenizer.json'), 1, 1);
    expect((await open({ identityCacheFile })).id).toBe(before);
  });
});

describe('a folder that is not right', () => {
  for (const name of ['tokenizer.json', 'config.json', 'onnx/model.onnx']) {
    test(`lacks ${name}: the error names it`, async () => {
      writeTinyOnnxModel(folder);
      rmSync(join(folder, name));
      await expect(open()).rejects.toMatchObject({
        code: 'model_folder_incomplete',
        message: expect.stringContaining(name) as string,
      });
    });
  }

  test('does not exist', async () => {
    await expect(open({ folder: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'model_folder_incomplete',
    });
  });

  test('has a broken configuration', async () => {
    writeTinyOnnxModel(folder);
    writeFileSync(join(folder, 'config.json'), '{');
    await expect(open()).rejects.toMatchObject({ code: 'model_folder_unreadable' });
  });

  test('has a model that is none, or a tokenizer that is none', async () => {
    for (const file of ['onnx/model.onnx', 'tokenizer.json']) {
      writeTinyOnnxModel(folder);
      writeFileSync(join(folder, file), '{}');
      const embedder = await open();
      await expect(embedder.embed(['x'], { purpose: 'query' })).rejects.toMatchObject({
        code: 'model_failed',
      });
    }
  });
});
