// A folder with an embedding model as Hugging Face lays it out: tokenizer.json, config.json, onnx/model.onnx.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BudaoError } from '../contract/errors.ts';

export type Pooling = 'mean' | 'cls';

export interface OnnxModelFolder {
  name: string;
  modelPath: string;
  tokenizerPath: string;
  /** Files that decide the vectors, for the identity. */
  files: string[];
  hiddenSize: number | null;
  maxTokens: number;
  padTokenId: number;
  pooling: Pooling;
  /** Prefixes that the model's authors put down for sentence-transformers. */
  prompts: { query: string; passage: string };
}

const DEFAULT_MAX_TOKENS = 512;

/** @throws BudaoError model_folder_incomplete, model_folder_unreadable */
export async function openModelFolder(folder: string): Promise<OnnxModelFolder> {
  const modelPath = (await exists(join(folder, 'onnx', 'model.onnx')))
    ? join(folder, 'onnx', 'model.onnx')
    : join(folder, 'model.onnx');
  const tokenizerPath = join(folder, 'tokenizer.json');
  const wanted: [path: string, name: string][] = [
    [modelPath, 'onnx/model.onnx (or model.onnx)'],
    [tokenizerPath, 'tokenizer.json'],
    [join(folder, 'config.json'), 'config.json'],
  ];
  const missing: string[] = [];
  for (const [path, name] of wanted) if (!(await exists(path))) missing.push(name);
  if (missing.length > 0) {
    throw new BudaoError(
      'invalid',
      'model_folder_incomplete',
      `The model folder ${folder} lacks ${missing.join(' and ')}; copy the whole folder of an ONNX export there`,
    );
  }
  const config = (await readJson(join(folder, 'config.json'))) ?? {};
  const tokenizerConfig = (await readJson(join(folder, 'tokenizer_config.json'))) ?? {};
  const pooling = (await readJson(join(folder, '1_Pooling', 'config.json'))) ?? {};
  const sentences = (await readJson(join(folder, 'config_sentence_transformers.json'))) ?? {};
  const prompts = (sentences.prompts ?? {}) as Record<string, unknown>;
  const external = `${modelPath}_data`;
  return {
    name: basename(folder),
    modelPath,
    tokenizerPath,
    files: [modelPath, ...((await exists(external)) ? [external] : []), tokenizerPath],
    hiddenSize: positive(config.hidden_size),
    maxTokens: Math.min(
      positive(config.max_position_embeddings) ?? DEFAULT_MAX_TOKENS,
      positive(tokenizerConfig.model_max_length) ?? Number.POSITIVE_INFINITY,
      DEFAULT_MAX_TOKENS,
    ),
    padTokenId: typeof config.pad_token_id === 'number' ? config.pad_token_id : 0,
    pooling: pooling.pooling_mode_cls_token === true ? 'cls' : 'mean',
    prompts: {
      query: textOf(prompts.query),
      passage: textOf(prompts.passage ?? prompts.document),
    },
  };
}

/**
 * The sha256 over the files that decide the vectors. Hashing a model takes seconds, so the result is kept in
 * `cacheFile` with size and time of each file, and believed as long as these stay.
 */
export async function identifyModel(model: OnnxModelFolder, cacheFile: string | null): Promise<string> {
  const stamps: [string, number, number][] = [];
  for (const path of model.files) {
    const { size, mtimeMs } = await stat(path);
    stamps.push([path, size, mtimeMs]);
  }
  const stamp = JSON.stringify(stamps);
  const cached = cacheFile === null ? null : await readJson(cacheFile).catch(() => null);
  if (cached?.stamp === stamp && typeof cached.sha256 === 'string') return cached.sha256;
  const hash = createHash('sha256');
  for (const path of model.files) await pipeline(createReadStream(path), hash, { end: false });
  const sha256 = hash.digest('hex');
  if (cacheFile !== null) {
    // Derived and cheap to lose, so it is replaced whole but not synced.
    const temporary = `${cacheFile}.${process.pid}`;
    await writeFile(temporary, JSON.stringify({ stamp, sha256 }));
    await rename(temporary, cacheFile);
  }
  return sha256;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  if (!(await exists(path))) return null;
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new BudaoError(
      'invalid',
      'model_folder_unreadable',
      `${path} cannot be read as JSON; copy the model folder again`,
      { cause },
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}
