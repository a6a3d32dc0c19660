import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { VectorStoreFileObject } from '../../contract/openai/vector-stores.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { Attributes } from '../service/attributes.ts';
import type { ServiceClient } from '../service/client.ts';
import type { LocalFile } from './collect-files.ts';

/** Each of them waits for a restart of the service by itself. */
const MAX_TRIES = 4;

export interface UploadOptions {
  knowledgeBaseId: string;
  attributes: Attributes;
  /** The document that this one takes the place of. */
  replaces: string | null;
  /** Looks for the file after a broken upload; null where nobody could tell it from another one. */
  findStored: (() => Promise<VectorStoreFileObject | null>) | null;
  onBytes(count: number): void;
  signal: AbortSignal;
}

/** Streams one file to the service; it is durable there when this resolves. */
export async function uploadFile(
  client: ServiceClient,
  file: LocalFile,
  options: UploadOptions,
): Promise<VectorStoreFileObject> {
  const attempt = { isWhole: false };
  for (let tries = 1; ; tries++) {
    attempt.isWhole = false;
    try {
      return await send(client, file, options, attempt);
    } catch (error) {
      const isBroken = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if (!isBroken || tries === MAX_TRIES) throw error;
      if (!attempt.isWhole) continue;
      // A file that had left completely may have been stored: sent again it would be there twice.
      if (options.findStored === null) throw error;
      const stored = await options.findStored();
      if (stored !== null) return stored;
    }
  }
}

async function send(
  client: ServiceClient,
  file: LocalFile,
  options: UploadOptions,
  attempt: { isWhole: boolean },
): Promise<VectorStoreFileObject> {
  const boundary = `budao-${randomUUID()}`;
  const head = formHead(boundary, fieldsOf(options), file.filename);
  let sentBytes = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    // A new attempt begins at the front again.
    options.onBytes(-sentBytes);
    sentBytes = 0;
    yield Buffer.from(head);
    for await (const chunk of createReadStream(file.path)) {
      const bytes = chunk as Buffer;
      sentBytes += bytes.length;
      options.onBytes(bytes.length);
      yield bytes;
    }
    attempt.isWhole = true;
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  try {
    return await client.json('POST', `/v1/vector_stores/${options.knowledgeBaseId}/documents`, undefined, {
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body,
      signal: options.signal,
    });
  } catch (error) {
    options.onBytes(-sentBytes);
    throw error;
  }
}

function fieldsOf({ attributes, replaces }: UploadOptions): Record<string, string> {
  return {
    ...(Object.keys(attributes).length === 0 ? {} : { attributes: JSON.stringify(attributes) }),
    ...(replaces === null ? {} : { replaces }),
  };
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
