import { Readable } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress, type ZstdCompress } from 'node:zlib';
import { PIECE_BYTES } from './limits.ts';

const STREAM = { chunkSize: PIECE_BYTES, highWaterMark: 8 * PIECE_BYTES };

export function createCompressor(): ZstdCompress {
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
  return createZstdCompress({ ...STREAM, params });
}

/** Fails where the stream is no zstd, or ends early. */
export async function* decompress(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(compressed, { objectMode: false, highWaterMark: 8 * PIECE_BYTES });
  const decompressor = createZstdDecompress(STREAM);
  source.once('error', (error) => decompressor.destroy(error));
  source.pipe(decompressor);
  try {
    yield* decompressor as AsyncIterable<Buffer>;
  } finally {
    source.destroy();
    decompressor.destroy();
  }
}
