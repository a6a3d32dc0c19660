import { createHash } from 'node:crypto';
import aws4 from 'aws4';

export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

export interface FetchedRequest {
  method: string;
  path: string;
  body: string | Buffer;
  headers?: Record<string, string>;
  /** The signature is in the query, which names a date and a time limit. */
  isPresigned?: boolean;
}

/** One signed S3 request, without retries. */
export function signedFetch(
  endpoint: string,
  { region, ...credentials }: Signer,
  { method, path, body, headers = {}, isPresigned = false }: FetchedRequest,
): Promise<Response> {
  const hash = createHash('sha256').update(body).digest('hex');
  const { host } = new URL(endpoint);
  const given = isPresigned ? headers : { 'x-amz-content-sha256': hash, ...headers };
  const request = { service: 's3', region, host, method, path, headers: given, signQuery: isPresigned };
  const signed = aws4.sign(request, credentials);
  const hasBody = method === 'PUT' || method === 'POST';
  return fetch(`${endpoint}${signed.path}`, {
    method,
    headers: signed.headers as Record<string, string>,
    ...(hasBody ? { body: typeof body === 'string' ? body : new Uint8Array(body) } : {}),
  });
}
