import { readSync } from 'node:fs';
import type { LogPicture } from '../../recovery/stream/ports.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { schemaVersion } from './sqlite-migrate.ts';
import { FRAME_HEADER_BYTES, LOG_HEADER_BYTES } from './sqlite-wal.ts';

interface Parts {
  /** In a read transaction, as long as which the log is not begun anew, nor anything later copied into the file. */
  connection: SqliteConnection;
  database: number;
  log: number;
  pageBytes: number;
  databasePages: number;
  /** Frames of the log that may not be in the database file yet. */
  frames: { from: number; to: number };
  since: number;
  until: number;
}

/** The database file, with what is only in the log put over it. */
export function openLogPicture(parts: Parts): LogPicture {
  const { connection, database, log, pageBytes, databasePages, since, until } = parts;
  const places = framesByPage(parts);
  return {
    pageBytes,
    databasePages,
    since,
    until,
    schemaVersion: schemaVersion(connection.database),
    *pages(pagesAtOnce) {
      for (let first = 0; first < databasePages; first += pagesAtOnce) {
        const count = Math.min(pagesAtOnce, databasePages - first);
        const bytes = Buffer.alloc(count * pageBytes);
        readSync(database, bytes, 0, bytes.length, first * pageBytes);
        for (let at = 0; at < count; at++) {
          const place = places.get(first + at + 1);
          if (place !== undefined) readSync(log, bytes, at * pageBytes, pageBytes, place);
        }
        yield bytes;
      }
    },
    rows: (table) =>
      connection.database.prepare(`SELECT * FROM ${table}`).iterate() as Iterable<
        Record<string, string | number | null>
      >,
    [Symbol.dispose]: () => connection.close(),
  };
}

/** Where in the log the newest content of a page lies. */
function framesByPage({ log, pageBytes, frames }: Parts): Map<number, number> {
  const places = new Map<number, number>();
  const number = Buffer.alloc(4);
  for (let frame = frames.from; frame < frames.to; frame++) {
    const start = LOG_HEADER_BYTES + frame * (FRAME_HEADER_BYTES + pageBytes);
    readSync(log, number, 0, 4, start);
    places.set(number.readUInt32BE(0), start + FRAME_HEADER_BYTES);
  }
  return places;
}
