import { z } from 'zod';
import { Bucket, filePath } from '../bucket-settings.ts';

const MOST_REPOSITORIES = 8;

const Repository = z
  .strictObject({
    /** How people and commands call it. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and hyphens'),
    folder: filePath.nullable().default(null),
    bucket: Bucket.nullable().default(null),
  })
  .refine(({ folder, bucket }) => (folder === null) !== (bucket === null), {
    error: 'needs a folder or a bucket, one of the two',
  });

/** Where snapshots go. */
export const BackupSettings = z.strictObject({
  repositories: z
    .array(Repository)
    .max(MOST_REPOSITORIES)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
      error: 'each repository needs a name of its own',
    })
    .default([]),
});
export type BackupSettings = z.infer<typeof BackupSettings>;
export type RepositorySettings = z.infer<typeof Repository>;
