/** A repository in a bucket, under the prefix of its client. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../../recovery/ports.ts';
import type { S3Client } from '../blobs/s3-client.ts';
import { PART_BYTES, uploadParts } from '../blobs/s3-multipart.ts';
import { S3Objects } from '../blobs/s3-objects.ts';
import { repositoryFull, repositoryReadOnly, repositoryUnavailable } from './repository-errors.ts';

export class S3Repository implements RepositoryStorage {
  readonly name: string;
  readonly #client: S3Client;
  readonly #objects: S3Objects;

  constructor(client: S3Client) {
    const { endpoint, bucket, prefix } = client.options;
    this.name = `s3://${bucket}/${prefix} at ${new URL(endpoint).host}`;
    this.#client = client;
    this.#objects = new S3Objects(client);
  }

  put(key: string, body: Buffer): Promise<void> {
    return this.#writing(() => this.#objects.put(key, body));
  }

  putFile(key: string, path: string): Promise<void> {
    return this.#writing(async () => {
      const { size } = await stat(path);
      if (size <= PART_BYTES) return this.#objects.put(key, await readFile(path));
      const parts = createReadStream(path, { highWaterMark: PART_BYTES }) as AsyncIterable<Buffer>;
      await uploadParts(this.#client, key, parts);
    });
  }

  putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    return this.#writing(() => this.#objects.putIfAbsent(key, body));
  }

  get(key: string): Promise<Buffer | null> {
    return this.#reading(() => this.#objects.get(key));
  }

  async read(key: string): Promise<Readable | null> {
    const pieces = await this.#reading(() => this.#objects.read(key));
    return pieces === null ? null : Readable.from(this.#told(pieces), { objectMode: false });
  }

  async *list(prefix: string) {
    for await (const { key, bytes, modifiedMs } of this.#told(this.#objects.list(prefix))) {
      yield { key, bytes, modifiedAt: modifiedMs };
    }
  }

  delete(key: string): Promise<void> {
    return this.#writing(() => this.#objects.delete(key));
  }

  async *#told<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* source;
    } catch (error) {
      throw this.#errorOf(error, false);
    }
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#errorOf(error, false);
    }
  }

  async #writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#errorOf(error, true);
    }
  }

  #errorOf(error: unknown, isWrite: boolean): unknown {
    if (!(error instanceof BudaoError)) {
      const { code = (error as Error).name } = error as NodeJS.ErrnoException;
      return repositoryUnavailable(this.name, `cannot be used (${code})`, error);
    }
    if (error.code === 'storage_full') return repositoryFull(this.name, error);
    if (isWrite && error.code === 'storage_refused' && /AccessDenied/.test(error.message)) {
      return repositoryReadOnly(this.name, error);
    }
    return repositoryUnavailable(
      this.name,
      `does not do its work: ${error.message.replace(/\.$/, '')}`,
      error,
    );
  }
}
