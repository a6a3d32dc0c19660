import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { BudaoError } from '../contract/errors.ts';
import { S3Client } from '../stores/blobs/s3-client.ts';
import { credentialsFromFile } from '../stores/blobs/s3-credentials.ts';
import type { S3Limits } from '../stores/blobs/s3-options.ts';
import { probeBucket, requireSuitable } from '../stores/blobs/s3-probe.ts';
import type { Bucket } from './bucket-settings.ts';

/** @throws BudaoError storage_address_invalid */
export async function openBucket(bucket: Bucket, limits: Partial<S3Limits> = {}): Promise<S3Client> {
  const { certificateAuthorityFile } = bucket;
  return new S3Client({
    endpoint: bucket.endpoint,
    region: bucket.region,
    bucket: bucket.name,
    prefix: bucket.prefix,
    addressing: bucket.addressing,
    credentials: credentialsFromFile(bucket.credentialsFile, bucket.profile),
    certificateAuthority:
      certificateAuthorityFile === null ? null : await readFile(certificateAuthorityFile, 'utf8'),
    checksum: bucket.checksum,
    limits,
  });
}

/**
 * What the store keeps of its promises; asked before an installation takes a bucket into use, after each start of a
 * node, and by `budao config check`.
 *
 * @throws BudaoError storage_unsuitable, storage_refused, storage_unavailable
 */
export async function requireSuitableBucket(bucket: Bucket): Promise<string> {
  await using client = await openBucket(bucket);
  const probe = await probeBucket(client);
  requireSuitable(probe, 'blobs');
  requireSuitable(probe, 'index');
  return `${probe.findings.length} checks`;
}

/** A store may have been replaced or upgraded since; a node that runs goes on, and people are told. */
export async function reportUnsuitableBucket(bucket: Bucket, log: Logger): Promise<void> {
  try {
    const found = await requireSuitableBucket(bucket);
    log.info({ found }, 'the bucket keeps its promises');
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    log.error({ code: error.code }, error.message);
  }
}
