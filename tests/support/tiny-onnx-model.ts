// Writes a real, tiny ONNX embedding model by hand: one Gather over an embedding matrix, and a WordPiece tokenizer.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const INT64 = 7;
const FLOAT = 1;

export const TINY_VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '年', '假', '值', '班', 'leave', 'call'];

/** The embedding matrix: one row per word of the vocabulary. */
export function tinyRow(token: number): number[] {
  return [1 + token, (token * token) % 7, Math.cos(token), -token / 3];
}

export interface TinyModelOptions {
  pooling?: 'mean' | 'cls' | null;
  /** `onnx` is where exporters put it; the folder itself is the other usual place. */
  modelFolder?: 'onnx' | '.';
}

export function writeTinyOnnxModel(folder: string, options: TinyModelOptions = {}): void {
  const modelFolder = join(folder, options.modelFolder ?? 'onnx');
  mkdirSync(modelFolder, { recursive: true });
  writeFileSync(join(modelFolder, 'model.onnx'), tinyModel());
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizer()));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ hidden_size: 4, max_position_embeddings: 16, pad_token_id: 0 }),
  );
  if (options.pooling) {
    mkdirSync(join(folder, '1_Pooling'), { recursive: true });
    writeFileSync(
      join(folder, '1_Pooling', 'config.json'),
      JSON.stringify({
        pooling_mode_cls_token: options.pooling === 'cls',
        pooling_mode_mean_tokens: options.pooling === 'mean',
      }),
    );
  }
}

function tinyTokenizer(): object {
  const special = (content: string) => ({
    id: TINY_VOCABULARY.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const template = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const entry = (id: string) => ({ id, ids: [TINY_VOCABULARY.indexOf(id)], tokens: [id] });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [template('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, template('[SEP]')],
      pair: [],
      special_tokens: { '[CLS]': entry('[CLS]'), '[SEP]': entry('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(TINY_VOCABULARY.map((token, id) => [token, id])),
    },
  };
}

/** A ModelProto of the ONNX specification, encoded as protocol buffers. */
function tinyModel(): Buffer {
  const rows = TINY_VOCABULARY.map((_, token) => tinyRow(token));
  const weights = Buffer.from(new Float32Array(rows.flat()).buffer);
  const matrix = message(
    varint(1, rows.length),
    varint(1, 4),
    varint(2, FLOAT),
    text(8, 'table'),
    bytes(9, weights),
  );
  const gather = message(
    text(1, 'table'),
    text(1, 'input_ids'),
    text(2, 'last_hidden_state'),
    text(4, 'Gather'),
  );
  const graph = message(
    bytes(1, gather),
    text(2, 'tiny'),
    bytes(5, matrix),
    bytes(11, valueInfo('input_ids', INT64, ['batch', 'sequence'])),
    bytes(11, valueInfo('attention_mask', INT64, ['batch', 'sequence'])),
    bytes(12, valueInfo('last_hidden_state', FLOAT, ['batch', 'sequence', 4])),
  );
  return message(varint(1, 8), bytes(7, graph), bytes(8, message(text(1, ''), varint(2, 13))));
}

function valueInfo(name: string, type: number, shape: readonly (string | number)[]): Buffer {
  const dimensions = shape.map((size) =>
    bytes(1, typeof size === 'number' ? varint(1, size) : text(2, size)),
  );
  const tensor = message(varint(1, type), bytes(2, message(...dimensions)));
  return message(text(1, name), bytes(2, bytes(1, tensor)));
}

function message(...fields: Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([encodeVarint(field << 3), encodeVarint(value)]);
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([encodeVarint((field << 3) | 2), encodeVarint(content.length), content]);
}

function text(field: number, content: string): Buffer {
  return bytes(field, Buffer.from(content));
}

function encodeVarint(value: number): Buffer {
  const out: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...out, left]);
    out.push((left % 128) | 0x80);
  }
}
