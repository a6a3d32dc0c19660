import type { Sql } from '../../ledger/ledger.ts';

/** What a PostgreSQL server says of the archive of its log; times in milliseconds since the epoch by its own clock. */
export interface ArchiveState {
  /** Whether it archives at all: `archive_mode`. */
  isOn: boolean;
  /** The newest file of the log that the archive has, and since when. */
  lastArchived: { file: string; at: number } | null;
  /** Set while the newest attempt is one that failed. */
  failing: { file: string; at: number } | null;
  failures: number;
  now: number;
  /** Between two files of the log when little happens, in seconds; 0 for no limit. */
  timeoutSeconds: number;
}

const ARCHIVE = `SELECT current_setting('archive_mode') AS mode, last_archived_wal AS archived,
    extract(epoch FROM last_archived_time) * 1000 AS "archivedAt", last_failed_wal AS failed,
    extract(epoch FROM last_failed_time) * 1000 AS "failedAt", failed_count AS failures,
    extract(epoch FROM clock_timestamp()) * 1000 AS now,
    (SELECT setting FROM pg_settings WHERE name = 'archive_timeout') AS timeout
  FROM pg_stat_archiver`;

interface Row {
  mode: string;
  archived: string | null;
  archivedAt: number | null;
  failed: string | null;
  failedAt: number | null;
  failures: number;
  now: number;
  timeout: string;
}

export async function readArchiveState(sql: Sql): Promise<ArchiveState> {
  const row = await sql.get<Row>(ARCHIVE);
  if (row === undefined) throw new TypeError('the server says nothing of its archive');
  const at = (file: string | null, time: number | null) =>
    file === null || time === null ? null : { file, at: Math.round(Number(time)) };
  const lastArchived = at(row.archived, row.archivedAt);
  const failed = at(row.failed, row.failedAt);
  return {
    isOn: row.mode !== 'off',
    lastArchived,
    failing: failed !== null && failed.at > (lastArchived?.at ?? 0) ? failed : null,
    failures: Number(row.failures),
    now: Math.round(Number(row.now)),
    timeoutSeconds: Number(row.timeout),
  };
}
