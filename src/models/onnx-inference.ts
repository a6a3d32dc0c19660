// Tokenizer, model and pooling in one place. `run` blocks its thread while it computes, so it belongs in a worker.

import { readFile } from 'node:fs/promises';
import type { Tensor } from 'onnxruntime-node';
import type { Pooling } from './onnx-model-folder.ts';

export interface InferenceOptions {
  modelPath: string;
  tokenizerPath: string;
  padTokenId: number;
  maxTokens: number;
  pooling: Pooling;
  threads: number;
}

export interface Inference {
  /** One raw vector per text. */
  run(texts: readonly string[]): Promise<Float32Array[]>;
}

interface TokenBatch {
  ids: number[][];
  /** Length of the longest row, to which the others are padded. */
  width: number;
}

export async function loadInference(options: InferenceOptions): Promise<Inference> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const tokenizer = new Tokenizer(JSON.parse(await readFile(options.tokenizerPath, 'utf8')) as object, {});
  const session = await InferenceSession.create(options.modelPath, {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });

  function tokenize(texts: readonly string[]): TokenBatch {
    const ids = texts.map((text) => {
      const row = tokenizer.encode(text).ids;
      // The last token closes the sequence ([SEP], </s>): a shortened text keeps it.
      return row.length <= options.maxTokens ? row : [...row.slice(0, options.maxTokens - 1), row.at(-1)!];
    });
    return { ids, width: Math.max(1, ...ids.map((row) => row.length)) };
  }

  function feed({ ids, width }: TokenBatch): Record<string, Tensor> {
    const fill = (value: (row: number[], at: number) => number) =>
      new Tensor(
        'int64',
        BigInt64Array.from(
          ids.flatMap((row) => Array.from({ length: width }, (_, at) => BigInt(value(row, at)))),
        ),
        [ids.length, width],
      );
    const inputs: Record<string, () => Tensor> = {
      input_ids: () => fill((row, at) => row[at] ?? options.padTokenId),
      attention_mask: () => fill((row, at) => (at < row.length ? 1 : 0)),
      token_type_ids: () => fill(() => 0),
      position_ids: () => fill((_, at) => at),
    };
    return Object.fromEntries(
      session.inputNames.map((name) => {
        const make = inputs[name];
        if (make === undefined)
          throw new Error(`the model wants an input "${name}", which no text model has`);
        return [name, make()];
      }),
    );
  }

  return {
    async run(texts) {
      const batch = tokenize(texts);
      const outputs = await session.run(feed(batch));
      const pooled = outputs.sentence_embedding;
      const output = pooled ?? outputs.last_hidden_state ?? outputs[session.outputNames[0]!]!;
      const values = output.data as Float32Array;
      const size = output.dims.at(-1)!;
      if (output.dims.length === 2) {
        return texts.map((_, row) => values.slice(row * size, (row + 1) * size));
      }
      return batch.ids.map((row, index) =>
        pool(options.pooling, values, index * batch.width * size, row.length, size),
      );
    },
  };
}

function pool(
  pooling: Pooling,
  values: Float32Array,
  from: number,
  tokens: number,
  size: number,
): Float32Array {
  if (pooling === 'cls') return values.slice(from, from + size);
  const mean = new Float32Array(size);
  for (let token = 0; token < tokens; token++) {
    for (let at = 0; at < size; at++) mean[at]! += values[from + token * size + at]! / tokens;
  }
  return mean;
}
