import { mkdir } from 'node:fs/promises';
import type { RepositoryStorage } from '../../recovery/ports.ts';
import { DESCRIPTION_KEY } from '../../recovery/repository/layout.ts';
import { FolderRepository } from '../../stores/repository/folder-repository.ts';
import type { RepositorySettings } from './backup-settings.ts';

export interface OpenedStorage extends AsyncDisposable {
  storage: RepositoryStorage;
}

/** @param options isNew: nothing marks the place yet; otherwise an empty mount point is no repository */
export async function openStorage(
  { folder, bucket }: RepositorySettings,
  options: { isNew: boolean } = { isNew: false },
): Promise<OpenedStorage> {
  if (bucket !== null) {
    const [{ openBucket }, { S3Repository }] = await Promise.all([
      import('../bucket.ts'),
      import('../../stores/repository/s3-repository.ts'),
    ]);
    const client = await openBucket(bucket);
    return { storage: new S3Repository(client), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  }
  // Not its parents: where a stick would be mounted, nothing is made instead.
  if (options.isNew) await mkdir(folder ?? '', { mode: 0o700 }).catch(() => {});
  const storage = new FolderRepository(folder ?? '', options.isNew ? null : DESCRIPTION_KEY);
  return { storage, [Symbol.asyncDispose]: async () => {} };
}
