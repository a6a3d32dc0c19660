import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { S3Client } from '../blobs/s3-client.ts';
import { PART_BYTES, uploadParts } from '../blobs/s3-multipart.ts';
import { S3Objects } from '../blobs/s3-objects.ts';
import type { ObjectStore } from './object-store.ts';

/** The part of a bucket that holds the index. */
export function createS3ObjectStore(client: S3Client, prefix: string): ObjectStore {
  const objects = new S3Objects(client);
  return {
    put: (key, body) => objects.put(`${prefix}${key}`, body),
    async putFile(key, path) {
      const { size } = await stat(path);
      if (size <= PART_BYTES) return objects.put(`${prefix}${key}`, await readFile(path));
      const parts = createReadStream(path, { highWaterMark: PART_BYTES }) as AsyncIterable<Buffer>;
      await uploadParts(client, `${prefix}${key}`, parts);
    },
    putIfAbsent: (key, body) => objects.putIfAbsent(`${prefix}${key}`, body),
    get: (key) => objects.get(`${prefix}${key}`),
    read: (key) => objects.read(`${prefix}${key}`),
    async *list(keyPrefix, limit) {
      for await (const { key, ageMs } of objects.list(`${prefix}${keyPrefix}`, limit)) {
        yield { key: key.slice(prefix.length), ageMs };
      }
    },
    delete: (key) => objects.delete(`${prefix}${key}`),
  };
}
