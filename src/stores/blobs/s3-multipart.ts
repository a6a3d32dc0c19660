/** A body of unknown length, sent in parts while it comes; what fails leaves nothing behind. */
import type { S3Client } from './s3-client.ts';
import { childText, parseXml } from './s3-xml.ts';

/** Stores want 5 MiB at least; with 10,000 parts at most, this is enough for 80 GiB. */
export const PART_BYTES = 8 * 1024 * 1024;
/** So much of the body is in memory: these, and the part that is being filled. */
const PARTS_AT_ONCE = 3;

export async function uploadParts(
  client: S3Client,
  key: string,
  parts: AsyncIterable<Buffer>,
): Promise<void> {
  const uploadId = await beginUpload(client, key);
  const sent: Promise<string>[] = [];
  try {
    let number = 0;
    for await (const body of parts) {
      number += 1;
      const part = sendPart(client, key, { uploadId, partNumber: String(number) }, body);
      // Its failure is met below, by whoever waits for it; until then it belongs to nobody.
      part.catch(() => {});
      sent.push(part);
      await sent[number - PARTS_AT_ONCE];
    }
    await completeUpload(client, key, uploadId, await Promise.all(sent));
  } catch (error) {
    await Promise.allSettled(sent);
    await abortUpload(client, key, uploadId).catch(() => {});
    throw error;
  }
}

/** Throws away the parts that have arrived. */
export async function abortUpload(client: S3Client, key: string, uploadId: string): Promise<void> {
  await client.send({ method: 'DELETE', key, query: { uploadId }, accept: [404] });
}

async function beginUpload(client: S3Client, key: string): Promise<string> {
  const answer = await client.send({ method: 'POST', key, query: { uploads: '' } });
  const uploadId = childText(parseXml(answer.text), 'UploadId');
  if (uploadId === null) throw new TypeError('the store has begun an upload without a number');
  return uploadId;
}

async function sendPart(
  client: S3Client,
  key: string,
  query: { uploadId: string; partNumber: string },
  body: Buffer,
): Promise<string> {
  const answer = await client.send({ method: 'PUT', key, query, body });
  return String(answer.headers.etag);
}

async function completeUpload(
  client: S3Client,
  key: string,
  uploadId: string,
  etags: readonly string[],
): Promise<void> {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  const answer = await client.send({
    method: 'POST',
    key,
    query: { uploadId },
    body,
    workBytes: etags.length * PART_BYTES,
    mayFailLate: true,
    accept: [404],
  });
  if (answer.status !== 404) return;
  // An earlier try may have completed it, and its answer been lost. Nobody else writes under this key.
  await client.send({ method: 'HEAD', key });
}
