import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { VectorStoreFileObject } from '../../contract/openai/vector-stores.ts';
import type { Attributes } from '../service/attributes.ts';
import type { ServiceClient } from '../service/client.ts';
import type { LocalFile } from './collect-files.ts';

export interface UploadOptions {
  knowledgeBaseId: string;
  attributes: Attributes;
  /** The document that this one takes the place of. */
  replaces: string | null;
  onBytes(count: number): void;
  signal: AbortSignal;
}

/** Streams one file to the service; it is durable there when this resolves. */
export async function uploadFile(
  client: ServiceClient,
  file: LocalFile,
  options: UploadOptions,
): Promise<VectorStoreFileObject> {
  const boundary = `budao-${randomUUID()}`;
  const fields: Record<string, string> = {
    ...(Object.keys(options.attributes).length === 0
      ? {}
      : { attributes: JSON.stringify(options.attributes) }),
    ...(options.replaces === null ? {} : { replaces: options.replaces }),
  };
  const head = Buffer.from(formHead(boundary, fields, file.filename));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  let sentBytes = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    // A new attempt begins at the front again.
    options.onBytes(-sentBytes);
    sentBytes = 0;
    yield head;
    for await (const chunk of createReadStream(file.path)) {
      const bytes = chunk as Buffer;
      sentBytes += bytes.length;
      options.onBytes(bytes.length);
      yield bytes;
    }
    yield tail;
  }
  return client.json('POST', `/v1/vector_stores/${options.knowledgeBaseId}/documents`, undefined, {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body,
    signal: options.signal,
  });
}

/** Field names and file names as browsers write them, https://html.spec.whatwg.org/#multipart-form-data */
function formHead(boundary: string, fields: Record<string, string>, filename: string): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const escaped = filename.replace(/[\r\n"]/g, (character) => encodeURIComponent(character));
  return (
    `${parts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escaped}"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n'
  );
}
