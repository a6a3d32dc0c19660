/** Objects of one bucket under one prefix: whole, in pieces, on a condition, and in lists. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import type { S3Client, S3Stream } from './s3-client.ts';
import { networkFault, storageUnavailable } from './s3-errors.ts';
import { encodeKey } from './s3-signature.ts';
import { childrenNamed, childText, parseXml } from './s3-xml.ts';

const PAGE_KEYS = 1_000;
/** An answer that breaks off goes on from where it broke, so many times. */
const MAX_RESUMPTIONS = 20;
/** Without a byte in between. */
const MAX_IDLE_RESUMPTIONS = 4;
const RESUME_PAUSE_MS = 100;

export interface S3Object {
  key: string;
  bytes: number;
  modifiedMs: number;
  /** By the store's own clock, without the time that it lay on the way. */
  ageMs: number;
  etag: string;
}

export class S3Objects {
  readonly client: S3Client;

  constructor(client: S3Client) {
    this.client = client;
  }

  async put(key: string, body: Buffer): Promise<void> {
    await this.client.send({ method: 'PUT', key, body });
  }

  /** @returns whether it was this call that has made the object */
  async putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    const answer = await this.client.send({
      method: 'PUT',
      key,
      body,
      headers: { 'If-None-Match': '*' },
      accept: [412],
    });
    if (answer.status !== 412) return true;
    // The answer to an earlier try may have been lost on the way.
    return answer.tries > 1 && ((await this.get(key))?.equals(body) ?? false);
  }

  async get(key: string): Promise<Buffer | null> {
    const pieces = await this.read(key);
    return pieces === null ? null : Buffer.concat(await Array.fromAsync(pieces));
  }

  /** Null where there is no such object. What breaks off goes on from there. */
  async read(key: string): Promise<(AsyncIterable<Buffer> & { bytes: number }) | null> {
    const first = await this.client.open({ method: 'GET', key, accept: [404] });
    if (first.status === 404) {
      await this.#refuseMissingBucket(first);
      return null;
    }
    const bytes = Number(first.headers['content-length']);
    return Object.assign(this.#pieces(key, first, bytes), { bytes });
  }

  async head(key: string): Promise<S3Object | null> {
    const answer = await this.client.send({ method: 'HEAD', key, accept: [404] });
    if (answer.status === 404) return null;
    const modifiedMs = Date.parse(String(answer.headers['last-modified']));
    return {
      key,
      bytes: Number(answer.headers['content-length']),
      modifiedMs,
      ageMs: answer.serverTimeMs - modifiedMs,
      etag: String(answer.headers.etag),
    };
  }

  async delete(key: string, validity?: { fromMs: number; seconds: number }): Promise<void> {
    await this.client.send({ method: 'DELETE', key, accept: [404], ...(validity ? { validity } : {}) });
  }

  /** Within the store, without the bytes passing through here. */
  async copy(from: string, to: string, bytes: number): Promise<void> {
    const { bucket, prefix } = this.client.options;
    const headers = { 'x-amz-copy-source': encodeKey(`/${bucket}/${prefix}${from}`) };
    await this.client.send({ method: 'PUT', key: to, headers, workBytes: bytes, mayFailLate: true });
  }

  /** In the order of their keys. */
  async *list(prefix: string, limit = Number.POSITIVE_INFINITY): AsyncGenerator<S3Object> {
    let token: string | null = null;
    let left = limit;
    do {
      const page: S3Page = await this.#page(prefix, token, Math.min(left, PAGE_KEYS));
      yield* page.objects;
      left -= page.objects.length;
      token = page.next;
    } while (token !== null && left > 0);
  }

  /** Uploads in parts that nobody has finished. */
  async listUploads(prefix: string): Promise<{ key: string; uploadId: string; ageMs: number }[]> {
    const query = { uploads: '', prefix: `${this.client.options.prefix}${prefix}` };
    const answer = await this.client.send({ method: 'GET', key: null, query });
    return childrenNamed(parseXml(answer.text), 'Upload').map((upload) => ({
      key: this.#withoutPrefix(childText(upload, 'Key') ?? ''),
      uploadId: childText(upload, 'UploadId') ?? '',
      ageMs: answer.serverTimeMs - Date.parse(childText(upload, 'Initiated') ?? ''),
    }));
  }

  async #page(prefix: string, token: string | null, maxKeys: number): Promise<S3Page> {
    const answer = await this.client.send({
      method: 'GET',
      key: null,
      query: {
        'list-type': '2',
        'max-keys': String(maxKeys),
        prefix: `${this.client.options.prefix}${prefix}`,
        ...(token === null ? {} : { 'continuation-token': token }),
      },
    });
    const document = parseXml(answer.text);
    if (document?.name !== 'ListBucketResult') {
      throw storageUnavailable(this.client.options, 'answers a list that is none');
    }
    const objects = childrenNamed(document, 'Contents').map((entry) => {
      const modifiedMs = Date.parse(childText(entry, 'LastModified') ?? '');
      return {
        key: this.#withoutPrefix(childText(entry, 'Key') ?? ''),
        bytes: Number(childText(entry, 'Size')),
        modifiedMs,
        ageMs: answer.serverTimeMs - modifiedMs,
        etag: childText(entry, 'ETag') ?? '',
      };
    });
    const isCut = childText(document, 'IsTruncated') === 'true';
    return { objects, next: isCut ? childText(document, 'NextContinuationToken') : null };
  }

  async *#pieces(key: string, first: S3Stream, total: number): AsyncGenerator<Buffer> {
    let stream = first;
    let received = 0;
    let idle = 0;
    for (let resumption = 0; ; resumption += 1) {
      try {
        for await (const piece of stream.body as AsyncIterable<Buffer>) {
          received += piece.length;
          idle = 0;
          yield piece;
        }
        if (Number.isNaN(total) || received >= total) return;
      } catch (error) {
        if (error instanceof BudaoError) throw error;
        if (resumption === MAX_RESUMPTIONS || idle === MAX_IDLE_RESUMPTIONS || Number.isNaN(total)) {
          throw storageUnavailable(this.client.options, networkFault(error), error);
        }
      }
      idle += 1;
      await sleep(RESUME_PAUSE_MS * idle * Math.random());
      stream = await this.#resume(key, first, received);
    }
  }

  async #resume(key: string, first: S3Stream, from: number): Promise<S3Stream> {
    const headers = { Range: `bytes=${from}-`, 'If-Match': String(first.headers.etag) };
    const stream = await this.client.open({ method: 'GET', key, headers, accept: [404, 412, 416] });
    if (stream.status === 206) return stream;
    stream.body.destroy();
    throw storageUnavailable(this.client.options, 'has changed an object while it was read');
  }

  /** A missing bucket is no missing object: everything would seem lost. */
  async #refuseMissingBucket(stream: S3Stream): Promise<void> {
    const text = Buffer.concat(await Array.fromAsync(stream.body as AsyncIterable<Buffer>)).toString('utf8');
    if (childText(parseXml(text), 'Code') !== 'NoSuchBucket') return;
    await this.client.send({ method: 'GET', key: null, query: { 'list-type': '2', 'max-keys': '1' } });
  }

  #withoutPrefix(key: string): string {
    return key.slice(this.client.options.prefix.length);
  }
}

interface S3Page {
  objects: S3Object[];
  next: string | null;
}
