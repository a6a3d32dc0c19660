import { createHash } from 'node:crypto';
import aws4 from 'aws4';
import type { S3Credentials } from './s3-credentials.ts';
import type { S3Checksum, S3Options } from './s3-options.ts';

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Without the prefix; null for the bucket itself. */
  key: string | null;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: Buffer;
  /** Signed in place of the body, to see whether the store notices. */
  signedBody?: Buffer;
  /** Statuses beside the good ones that the caller reads itself. */
  accept?: readonly number[];
  /** Such an answer may begin with 200 and be an error all the same. */
  mayFailLate?: boolean;
  /** Bytes that the store has to move for it, where they are not those of the body. */
  workBytes?: number;
  /** The store refuses the request when it arrives later than this, however long this process was frozen before. */
  validity?: { fromMs: number; seconds: number };
}

export interface SignedRequest {
  origin: string;
  path: string;
  headers: Record<string, string>;
}

/** AWS Signature Version 4 over the headers and the hash of the body, so that no byte changes on its way unnoticed. */
export function signRequest(
  options: S3Options,
  credentials: S3Credentials,
  request: S3Request,
  now: number,
): SignedRequest {
  const { origin, host, root } = locate(options);
  const key = request.key === null ? '' : encodeKey(`${options.prefix}${request.key}`);
  const query = { ...request.query };
  const date = new Date(request.validity?.fromMs ?? now).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  const headers: Record<string, string> = { ...request.headers };
  if (request.validity === undefined) {
    headers['X-Amz-Date'] = date;
    headers['X-Amz-Content-Sha256'] = createHash('sha256')
      .update(request.signedBody ?? request.body ?? '')
      .digest('hex');
    if (request.body !== undefined)
      Object.assign(headers, checksumHeaders(options.checksum ?? 'none', request));
  } else {
    query['X-Amz-Date'] = date;
    query['X-Amz-Expires'] = String(request.validity.seconds);
  }
  const signed = aws4.sign(
    {
      service: 's3',
      region: options.region,
      host,
      method: request.method,
      path: `${root}${key}${encodeQuery(query)}`,
      headers,
      signQuery: request.validity !== undefined,
    },
    {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken === null ? {} : { sessionToken: credentials.sessionToken }),
    },
  );
  return { origin, path: signed.path as string, headers: signed.headers as Record<string, string> };
}

function locate({ endpoint, bucket, addressing }: S3Options): { origin: string; host: string; root: string } {
  const url = new URL(endpoint);
  if (addressing === 'path') return { origin: url.origin, host: url.host, root: `/${bucket}/` };
  const host = `${bucket}.${url.host}`;
  return { origin: `${url.protocol}//${host}`, host, root: '/' };
}

/** The parts of a multipart upload are covered by their signature alone: stores differ in what else they take there. */
function checksumHeaders(checksum: S3Checksum, { body, query }: S3Request): Record<string, string> {
  if (checksum === 'none' || body === undefined || query !== undefined) return {};
  const digest = createHash(checksum).update(body).digest('base64');
  return checksum === 'md5' ? { 'Content-MD5': digest } : { 'x-amz-checksum-sha256': digest };
}

export function encodeKey(key: string): string {
  return key.split('/').map(encode).join('/');
}

function encodeQuery(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) =>
    value === '' ? encode(name) : `${encode(name)}=${encode(value)}`,
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
