import { z } from 'zod';
import { ScheduleSettings } from '../../recovery/care/schedules.ts';
import { DEFAULT_RETENTION } from '../../recovery/repository/retention.ts';
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

const count = (usual: number) => z.int().min(0).max(100_000).default(usual);

/** Which snapshots pruning keeps: the newest of each stretch of time, for so many of them. */
const RetentionSettings = z.strictObject({
  last: z.int().min(1).max(100_000).default(DEFAULT_RETENTION.last),
  hourly: count(DEFAULT_RETENTION.hourly),
  daily: count(DEFAULT_RETENTION.daily),
  weekly: count(DEFAULT_RETENTION.weekly),
  monthly: count(DEFAULT_RETENTION.monthly),
  yearly: count(DEFAULT_RETENTION.yearly),
  /** Documents stay for ever, even when no kept snapshot names them. */
  keepDocuments: z.boolean().default(DEFAULT_RETENTION.keepDocuments),
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
  retention: RetentionSettings.prefault({}),
  /**
   * A recovery key for verifications that decrypt, and for rehearsals. Best a recipient of its own, which can be withdrawn;
   * whoever reads this file reads the backups, so keep a second key elsewhere.
   */
  keyFile: filePath.nullable().default(null),
  schedules: ScheduleSettings.prefault({}),
  rehearsal: z
    .strictObject({
      /** Where the restored installation lies meanwhile; null for a folder in the data folder. */
      folder: filePath.nullable().default(null),
      /** Whether it may call the models and the embedder that are configured; otherwise it calls nobody. */
      withModels: z.boolean().default(false),
      /** `sample`, or a file with golden questions. */
      golden: z.string().min(1).default('sample'),
      /** For the restored service to become ready. */
      patienceMinutes: z.int().min(1).max(1_440).default(60),
    })
    .prefault({}),
  /** What changes between snapshots, sent to every repository as it comes; on the embedded engine. */
  stream: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Between two looks: about so much is lost with the machine. */
      intervalMs: z.int().min(100).max(60_000).default(1_000),
      /** For so long each point in time can be restored; pruning takes older ones away. */
      days: z.int().min(1).max(3_650).default(7),
      /** On PostgreSQL, whose server archives its log itself: a command that checks the archive, word by word. */
      archiveCheck: z.array(z.string().min(1)).max(50).default([]),
    })
    .prefault({}),
});
export type BackupSettings = z.infer<typeof BackupSettings>;
export type RepositorySettings = z.infer<typeof Repository>;
