/** Where the processes of a test find the index; as JSON it fits into an argument. */
import type { ChunkIndex } from '../../../knowledge/ports.ts';
import { S3Client } from '../../blobs/s3-client.ts';
import { fixedCredentials } from '../../blobs/s3-credentials.ts';
import { createFolderObjectStore } from '../folder-object-store.ts';
import { openLanceDbIndex } from '../lancedb-index.ts';
import { openPublishedIndex } from '../published-index.ts';
import { createS3ObjectStore } from '../s3-object-store.ts';

export type IndexLocation =
  | { kind: 'local'; directory: string }
  | { kind: 'shared'; folder: string; cacheFolder: string }
  | {
      kind: 's3';
      endpoint: string;
      bucket: string;
      user: { accessKeyId: string; secretAccessKey: string };
      cacheFolder: string;
    };

export async function openIndexAt(location: IndexLocation, maxMemoryRows?: number): Promise<ChunkIndex> {
  const options = maxMemoryRows === undefined ? {} : { maxMemoryRows };
  if (location.kind === 'local') return openLanceDbIndex({ directory: location.directory, ...options });
  const { cacheFolder } = location;
  if (location.kind === 'shared') {
    return openPublishedIndex({ objects: createFolderObjectStore(location.folder), cacheFolder, ...options });
  }
  const client = clientOf(location);
  const index = await openPublishedIndex({
    objects: createS3ObjectStore(client, 'index/'),
    cacheFolder,
    ...options,
  });
  return {
    ...index,
    async [Symbol.asyncDispose]() {
      await index[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    },
  };
}

function clientOf({ endpoint, bucket, user }: Extract<IndexLocation, { kind: 's3' }>): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    bucket,
    prefix: 'knowledge/',
    addressing: 'path',
    credentials: fixedCredentials({ ...user, sessionToken: null }),
  });
}
