import { createHash } from 'node:crypto';
import aws4 from 'aws4';

export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

/** One signed S3 request, without retries. */
export function signedFetch(
  endpoint: string,
  { region, ...credentials }: Signer,
  request: { method: string; path: string; body: string | Buffer; headers?: Record<string, string> },
): Promise<Response> {
  const { method, path, body } = request;
  const hash = createHash('sha256').update(body).digest('hex');
  const { host } = new URL(endpoint);
  const headers = { ...request.headers, 'X-Amz-Content-Sha256': hash };
  const signed = aws4.sign({ service: 's3', region, host, method, path, headers }, credentials);
  const hasBody = method === 'PUT' || method === 'POST';
  return fetch(`${endpoint}${path}`, {
    method,
    headers: signed.headers as Record<string, string>,
    ...(hasBody ? { body: typeof body === 'string' ? body : new Uint8Array(body) } : {}),
  });
}
