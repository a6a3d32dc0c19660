import type { Sql } from '../ledger/ledger.ts';
import { COMPACTED, type CompactedPayload } from './event-rows.ts';
import type { RunEvent } from './run.ts';

/** A text delta that shares a row with those of other runs. */
export interface BatchedDelta {
  runId: string;
  seq: number;
  epoch: number;
  type: string;
  /** JSON of exactly `{text}`. */
  payloadJson: string;
}

type Entry = [runId: string, seq: number, epoch: number, type: string, payload: { text: string }];

interface BatchRow {
  number: number;
  payload: string;
  created_at: number;
}

/**
 * Under load a commit appends a few characters to each of a hundred runs. In their own logs that would touch a page of
 * the database for every run; as one row it touches a few in all. The row is spread over the logs a moment later, many
 * commits at once. `number` grows for as long as the owner lives.
 */
export async function insertBatch(
  tx: Sql,
  batch: { owner: string; number: number; deltas: readonly BatchedDelta[]; now: number },
): Promise<void> {
  const entries = batch.deltas.map(
    (delta) => `["${delta.runId}",${delta.seq},${delta.epoch},"${delta.type}",${delta.payloadJson}]`,
  );
  await tx.run(
    `INSERT INTO event_batch (owner, number, positions, payload, created_at)
     VALUES (:owner, :number, :positions, :payload, :now)`,
    {
      owner: batch.owner,
      number: batch.number,
      positions: batch.deltas.map((delta) => `${delta.runId}:${delta.seq}`).join(' '),
      payload: `[${entries.join(',')}]`,
      now: batch.now,
    },
  );
}

/** The events of one run that still share rows with others, in no particular order. */
export async function batchedEvents(sql: Sql, runId: string): Promise<RunEvent[]> {
  const rows = await sql.all<BatchRow>(
    'SELECT number, payload, created_at FROM event_batch WHERE instr(positions, :runId) > 0',
    { runId },
  );
  return rows.flatMap((row) =>
    (JSON.parse(row.payload) as Entry[])
      .filter(([id]) => id === runId)
      .map(([, seq, epoch, type, payload]) => ({
        runId,
        seq,
        epoch,
        type,
        payload,
        createdAt: row.created_at,
      })),
  );
}

/** The last number of each run that has events in shared rows. */
export async function batchedPositions(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql.all<{ positions: string }>('SELECT positions FROM event_batch');
  const last = new Map<string, number>();
  for (const row of rows) {
    for (const position of row.positions.split(' ')) {
      const colon = position.lastIndexOf(':');
      const runId = position.slice(0, colon);
      last.set(runId, Math.max(last.get(runId) ?? 0, Number(position.slice(colon + 1))));
    }
  }
  return last;
}

/**
 * Moves what an owner wrote for several runs at once into the logs of these runs: neighbouring deltas as one row, the
 * last of them as one of its own, so that the end of a log is the greatest number of its rows.
 */
export async function spreadBatches(tx: Sql, owner: string): Promise<void> {
  const rows = await tx.all<BatchRow>(
    'SELECT number, payload, created_at FROM event_batch WHERE owner = :owner ORDER BY number /*postgres: FOR UPDATE */',
    { owner },
  );
  const last = rows.at(-1);
  if (last === undefined) return;
  // Sent one behind the other: waiting for each answer would hold up everybody's next commit.
  await Promise.all(joined(rows).map((part) => tx.run(INSERT_SPREAD, { ...part })));
  await tx.run('DELETE FROM event_batch WHERE owner = :owner AND number <= :number', {
    owner,
    number: last.number,
  });
}

/** Owners whose shared rows were left behind: they died, or have fallen silent. */
export function staleBatchOwners(sql: Sql, before: number): Promise<{ owner: string }[]> {
  return sql.all('SELECT DISTINCT owner FROM event_batch WHERE created_at < :before', { before });
}

/** A run that was deleted meanwhile gets nothing any more. */
const INSERT_SPREAD = `
  INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
  SELECT :runId, :seq, :epoch, :type, :payload, :createdAt WHERE EXISTS (SELECT 1 FROM run WHERE id = :runId)
  ON CONFLICT (run_id, seq) DO NOTHING`;

type EventRowParams = {
  runId: string;
  seq: number;
  epoch: number;
  type: string;
  payload: string;
  createdAt: number;
};

interface Part {
  runId: string;
  seq: number;
  epoch: number;
  type: string;
  texts: string[];
  createdAts: number[];
}

function joined(rows: readonly BatchRow[]): EventRowParams[] {
  const parts: Part[] = [];
  const open = new Map<string, Part>();
  for (const row of rows) {
    for (const [runId, seq, epoch, type, { text }] of JSON.parse(row.payload) as Entry[]) {
      let part = open.get(runId);
      const joins =
        part !== undefined &&
        part.type === type &&
        part.epoch === epoch &&
        part.seq + part.texts.length === seq;
      if (part === undefined || !joins) {
        part = { runId, seq, epoch, type, texts: [], createdAts: [] };
        open.set(runId, part);
        parts.push(part);
      }
      part.texts.push(text);
      part.createdAts.push(row.created_at);
    }
  }
  return parts.flatMap(rowsOf);
}

function rowsOf({ texts, createdAts, ...part }: Part): EventRowParams[] {
  const lastText = texts.pop() ?? '';
  const lastCreatedAt = createdAts.pop() ?? 0;
  const last = {
    ...part,
    seq: part.seq + texts.length,
    payload: JSON.stringify({ text: lastText }),
    createdAt: lastCreatedAt,
  };
  if (texts.length === 0) return [last];
  const payload: CompactedPayload = { type: part.type, texts, createdAts };
  const joint = { ...part, type: COMPACTED, payload: JSON.stringify(payload), createdAt: createdAts[0] ?? 0 };
  return [joint, last];
}
