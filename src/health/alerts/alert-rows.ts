import { newId } from '../../contract/ids.ts';
import type { Sql } from '../../ledger/ledger.ts';
import type { Severity } from './rule.ts';

/** One time that a rule was broken. Times are milliseconds since the epoch, by the ledger's clock. */
export interface Alert {
  id: string;
  rule: string;
  /** What the rule is about, such as an endpoint or a machine; empty where it has but one. */
  subject: string;
  severity: Severity;
  value: number | null;
  firedAt: number;
  /** Null while it lasts. */
  resolvedAt: number | null;
  /** When people were first told; null while nobody was. */
  announcedAt: number | null;
  lastSentAt: number | null;
  recoverySentAt: number | null;
  acknowledgedAt: number | null;
  acknowledgedBy: string | null;
}

const COLUMNS = `id, rule, subject, severity, value, fired_at AS "firedAt", resolved_at AS "resolvedAt",
  announced_at AS "announcedAt", last_sent_at AS "lastSentAt", recovery_sent_at AS "recoverySentAt",
  acknowledged_at AS "acknowledgedAt", acknowledged_by AS "acknowledgedBy"`;
const MAX_LISTED = 1_000;
/** What is over stays to be read for a quarter of a year. */
const KEPT_MS = 92 * 86_400_000;

export async function openAlerts(sql: Sql): Promise<Alert[]> {
  return sql.all<Alert>(
    `SELECT ${COLUMNS} FROM alert WHERE resolved_at IS NULL ORDER BY fired_at, id LIMIT ${MAX_LISTED}`,
  );
}

/** Those that last, and those that people have yet to hear of, or heard of lately. */
export async function alertsToTell(sql: Sql, since: number): Promise<Alert[]> {
  return sql.all<Alert>(
    `SELECT ${COLUMNS} FROM alert WHERE resolved_at IS NULL OR recovery_sent_at IS NULL
       OR last_sent_at >= :since ORDER BY fired_at, id LIMIT ${MAX_LISTED}`,
    { since },
  );
}

/** The newest first. */
export async function listAlerts(
  sql: Sql,
  page: { state: 'firing' | 'resolved' | null; limit: number; after: Alert | null },
): Promise<Alert[]> {
  const { state, limit, after } = page;
  const conditions = [
    ...(state === null ? [] : [`resolved_at IS ${state === 'firing' ? '' : 'NOT '}NULL`]),
    ...(after === null ? [] : ['(fired_at < :firedAt OR (fired_at = :firedAt AND id < :afterId))']),
  ];
  return sql.all<Alert>(
    `SELECT ${COLUMNS} FROM alert ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
     ORDER BY fired_at DESC, id DESC LIMIT :limit`,
    { limit, ...(after === null ? {} : { firedAt: after.firedAt, afterId: after.id }) },
  );
}

export async function getAlert(sql: Sql, id: string): Promise<Alert | undefined> {
  return sql.get<Alert>(`SELECT ${COLUMNS} FROM alert WHERE id = :id`, { id });
}

/** One that fires already stays as it is. */
export async function fireAlert(
  tx: Sql,
  alert: { rule: string; subject: string; severity: Severity; value: number | null },
  now: number,
): Promise<void> {
  await tx.run(
    `INSERT INTO alert (id, rule, subject, severity, value, fired_at)
     VALUES (:id, :rule, :subject, :severity, :value, :now)
     ON CONFLICT (rule, subject) WHERE resolved_at IS NULL DO NOTHING`,
    { id: newId('alert'), ...alert, now },
  );
}

/** What was over before anybody was told of it needs no recovery notice. */
export async function resolveAlert(tx: Sql, id: string, now: number): Promise<void> {
  await tx.run(
    `UPDATE alert SET resolved_at = CASE WHEN fired_at > :now THEN fired_at ELSE :now END,
       recovery_sent_at = CASE WHEN announced_at IS NULL THEN :now END
     WHERE id = :id AND resolved_at IS NULL`,
    { id, now },
  );
}

export async function markAnnounced(tx: Sql, id: string, now: number): Promise<void> {
  await tx.run(
    `UPDATE alert SET announced_at = COALESCE(announced_at, :now), last_sent_at = :now WHERE id = :id`,
    { id, now },
  );
}

export async function markRecoverySent(tx: Sql, id: string, now: number): Promise<void> {
  await tx.run('UPDATE alert SET recovery_sent_at = :now, last_sent_at = :now WHERE id = :id', { id, now });
}

/** After the clock was set back: what was sent in a time to come was sent just now. */
export async function clampSentTimes(tx: Sql, now: number): Promise<void> {
  await tx.run('UPDATE alert SET last_sent_at = :now WHERE last_sent_at > :now', { now });
}

/** Somebody looks after it: no reminders come any more. @returns false when there is no such alert */
export async function acknowledgeAlert(tx: Sql, id: string, by: string, now: number): Promise<boolean> {
  const { changes } = await tx.run(
    `UPDATE alert SET acknowledged_at = COALESCE(acknowledged_at, :now),
       acknowledged_by = COALESCE(acknowledged_by, :by) WHERE id = :id`,
    { id, by, now },
  );
  return changes > 0;
}

/** An outage of the ledger, written down once it is over: people were told without it. */
export async function recordOutage(
  tx: Sql,
  alert: { rule: string; severity: Severity; firedAt: number },
  now: number,
): Promise<void> {
  await tx.run(
    `INSERT INTO alert (id, rule, subject, severity, fired_at, resolved_at, announced_at, last_sent_at,
       recovery_sent_at)
     VALUES (:id, :rule, '', :severity, :firedAt, :now, :firedAt, :now, :now)`,
    { id: newId('alert'), ...alert, now },
  );
}

export async function forgetOldAlerts(tx: Sql, now: number): Promise<void> {
  await tx.run('DELETE FROM alert WHERE resolved_at < :before', { before: now - KEPT_MS });
}

export interface Silence {
  rule: string;
  until: number;
  silencedBy: string;
}

/** Those that still hold. */
export async function silences(sql: Sql, now: number): Promise<Silence[]> {
  return sql.all<Silence>(
    `SELECT rule, until, silenced_by AS "silencedBy" FROM alert_silence WHERE until > :now ORDER BY rule`,
    { now },
  );
}

export async function silenceRule(tx: Sql, silence: Silence, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO alert_silence (rule, until, silenced_by, created_at) VALUES (:rule, :until, :silencedBy, :now)
     ON CONFLICT (rule) DO UPDATE SET until = :until, silenced_by = :silencedBy, created_at = :now`,
    { ...silence, now },
  );
}

export async function endSilence(tx: Sql, rule: string): Promise<void> {
  await tx.run('DELETE FROM alert_silence WHERE rule = :rule', { rule });
}
