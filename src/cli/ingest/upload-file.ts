import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VectorStoreFileObject } from '../../contract/openai/vector-stores.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';
import type { Attributes } from '../service/attributes.ts';
import type { ServiceClient } from '../service/client.ts';
import { type LocalFile, unreadable } from './collect-files.ts';

/** Each of them waits for a restart of the service by itself. */
const MAX_TRIES = 4;
/** Other connections to a process that was killed need a moment to break as well. */
const RETRY_DELAY_MS = 100;

export interface UploadOptions {
  knowledgeBaseId: string;
  attributes: Attributes;
  /** The document that this one takes the place of. */
  replaces: string | null;
  onBytes(count: number): void;
  signal: AbortSignal;
  messages: Messages;
}

/** Streams one file to the service; it is durable there when this resolves, once however often it had to be sent. */
export async function uploadFile(
  client: ServiceClient,
  file: LocalFile,
  options: UploadOptions,
): Promise<VectorStoreFileObject> {
  // A file that had left completely may have been stored: the key brings back what was made of it.
  const idempotencyKey = randomUUID();
  for (let tries = 1; ; tries++) {
    try {
      return await send(client, file, options, idempotencyKey);
    } catch (error) {
      const isBroken = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if (!isBroken || tries === MAX_TRIES) throw error;
      await sleep(RETRY_DELAY_MS * tries, undefined, { signal: options.signal });
    }
  }
}

async function send(
  client: ServiceClient,
  file: LocalFile,
  options: UploadOptions,
  idempotencyKey: string,
): Promise<VectorStoreFileObject> {
  const boundary = `budao-${randomUUID()}`;
  const head = formHead(boundary, fieldsOf(options), file.filename);
  let sentBytes = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    // A new attempt begins at the front again.
    options.onBytes(-sentBytes);
    sentBytes = 0;
    yield Buffer.from(head);
    for await (const bytes of contentOf(file.path, options.messages)) {
      sentBytes += bytes.length;
      options.onBytes(bytes.length);
      yield bytes;
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  try {
    return await client.json('POST', `/v1/vector_stores/${options.knowledgeBaseId}/documents`, undefined, {
      headers: {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'idempotency-key': idempotencyKey,
      },
      body,
      signal: options.signal,
    });
  } catch (error) {
    options.onBytes(-sentBytes);
    throw error;
  }
}

/** What goes wrong here has nothing to do with the service. @throws CliError path_unreadable */
async function* contentOf(path: string, messages: Messages): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException, messages);
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
