/** Where a bucket is, how it is spoken to, and the limits of every request. */
import { BudaoError } from '../../contract/errors.ts';
import type { S3CredentialsSource } from './s3-credentials.ts';

/** How a body is protected beyond its signature, which covers it always; buckets with object lock ask for one. */
export const S3_CHECKSUMS = ['sha256', 'md5', 'none'] as const;
export type S3Checksum = (typeof S3_CHECKSUMS)[number];

export interface S3Options {
  /** Address of the service without the bucket, such as `https://s3.example.org`. */
  endpoint: string;
  region: string;
  bucket: string;
  /** Stands before every key; empty, or ends in a slash. */
  prefix: string;
  /** `path` for most stores of one's own, `virtual-host` where the bucket is a part of the host's name. */
  addressing: 'path' | 'virtual-host';
  credentials: S3CredentialsSource;
  /** PEM text of the authority that has signed the server's certificate, in place of the system's. */
  certificateAuthority?: string | null;
  checksum?: S3Checksum;
  limits?: Partial<S3Limits>;
}

export interface S3Limits {
  connectTimeoutMs: number;
  /** Without a byte from the other side, within an answer or before it. */
  silenceTimeoutMs: number;
  /** A body, or what the store has to copy, may take this much longer for each of its bytes. */
  slowestBytesPerSecond: number;
  /** Requests under way at once; others wait for their turn. */
  maxConcurrent: number;
  maxTries: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** Tries and pauses of one request together, without the time of its body. */
  deadlineMs: number;
  /** Second tries that a failing store is asked for before every request fails at once. */
  retryBudget: number;
}

export const S3_LIMITS: S3Limits = {
  connectTimeoutMs: 2_000,
  silenceTimeoutMs: 10_000,
  slowestBytesPerSecond: 256 * 1024,
  maxConcurrent: 16,
  maxTries: 10,
  firstPauseMs: 50,
  longestPauseMs: 2_000,
  deadlineMs: 30_000,
  retryBudget: 50,
};

/** @throws BudaoError storage_address_invalid, with everything that is wrong */
export function checkS3Options(options: S3Options): void {
  const faults: string[] = [];
  const { endpoint, region, bucket, prefix } = options;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    faults.push('the endpoint is no http:// or https:// address');
  else if (url.username !== '' || url.password !== '')
    faults.push('the endpoint holds a password; put the keys into the credentials file');
  else if (url.pathname !== '/' || url.search !== '') faults.push('the endpoint has a path; leave it away');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) faults.push(`"${bucket}" is no name of a bucket`);
  if (!/^[a-z0-9-]+$/i.test(region))
    faults.push('the region is missing; stores of one’s own mostly take us-east-1');
  if (prefix !== '' && !/^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+$/.test(prefix))
    faults.push('the prefix must consist of plain names, each with a slash behind it');
  if (faults.length === 0) return;
  throw new BudaoError(
    'invalid',
    'storage_address_invalid',
    `The address of the object storage is wrong: ${faults.join('; ')}.`,
  );
}
