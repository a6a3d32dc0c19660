import type { Meter } from '../health/signals/meter.ts';
import type { Sql } from '../ledger/ledger.ts';

/** A copy that follows speaks at least every ten seconds: `wal_receiver_status_interval`. */
const SILENT_SECONDS = 20;
/** One that was taken away for good is missed no longer. */
const MISSED_FOR_MS = 24 * 3_600_000;

/**
 * Other logins see of a copy only that it is there, unless they have pg_monitor: its state is null then.
 * A copy that has everything shows no lag, and one that has fallen silent shows its last one for ever.
 */
const COPIES = `SELECT application_name || CASE WHEN client_addr IS NULL THEN '' ELSE '@' || host(client_addr) END AS name,
    greatest(COALESCE(extract(epoch FROM replay_lag), 0),
      CASE WHEN extract(epoch FROM clock_timestamp() - reply_time) > ${SILENT_SECONDS}
        THEN extract(epoch FROM clock_timestamp() - reply_time) ELSE 0 END) AS seconds
  FROM pg_stat_replication WHERE state IS NOT NULL AND state <> 'backup'`;

/** How far each copy of a PostgreSQL ledger is behind; one that has gone falls behind by the second. */
export class CopyWatch {
  readonly #seenMs = new Map<string, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  async measure(sql: Sql, meter: Meter): Promise<void> {
    const copies = await sql.all<{ name: string; seconds: number }>(COPIES);
    const now = this.#nowMs();
    for (const { name } of copies) this.#seenMs.set(name, now);
    meter.clear('replication_lag_seconds');
    for (const [name, seenMs] of this.#seenMs) {
      if (now - seenMs > MISSED_FOR_MS) this.#seenMs.delete(name);
      else meter.gauge('replication_lag_seconds', (now - seenMs) / 1_000, name);
    }
    for (const { name, seconds } of copies) meter.gauge('replication_lag_seconds', Number(seconds), name);
  }
}
