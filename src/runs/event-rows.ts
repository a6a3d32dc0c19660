import type { RunEvent } from './run.ts';

export type StoredEventRow = {
  run_id: string;
  seq: number;
  epoch: number;
  type: string;
  payload: string;
  created_at: number;
};

/** A row that stands for several text deltas in a row: seq is that of the first. */
export const COMPACTED = 'run.compacted';

export interface CompactedPayload {
  type: string;
  texts: string[];
  createdAts: number[];
}

export function eventsFromRows(rows: readonly StoredEventRow[]): RunEvent[] {
  const events: RunEvent[] = [];
  for (const row of rows) {
    const base = { runId: row.run_id, epoch: row.epoch };
    const payload: unknown = JSON.parse(row.payload);
    if (row.type !== COMPACTED) {
      events.push({ ...base, seq: row.seq, type: row.type, payload, createdAt: row.created_at });
      continue;
    }
    const { type, texts, createdAts } = payload as CompactedPayload;
    for (const [offset, text] of texts.entries()) {
      const createdAt = createdAts[offset] ?? row.created_at;
      events.push({ ...base, seq: row.seq + offset, type, payload: { text }, createdAt });
    }
  }
  return events;
}

/** Groups neighbouring text deltas of one type and epoch; rows that stay as they are come back untouched. */
export function compactRows(rows: readonly StoredEventRow[]): {
  keep: StoredEventRow[];
  merged: StoredEventRow[];
} {
  const keep: StoredEventRow[] = [];
  const merged: StoredEventRow[] = [];
  let group: StoredEventRow[] = [];
  const close = (): void => {
    const first = group[0];
    if (first !== undefined && group.length > 1) merged.push(mergeRows(first, group));
    else keep.push(...group);
    group = [];
  };
  for (const row of rows) {
    const previous = group.at(-1);
    const joins = previous !== undefined && previous.type === row.type && previous.epoch === row.epoch;
    if (!isTextDelta(row)) {
      close();
      keep.push(row);
    } else {
      if (!joins) close();
      group.push(row);
    }
  }
  close();
  return { keep, merged };
}

function mergeRows(first: StoredEventRow, group: readonly StoredEventRow[]): StoredEventRow {
  const payload: CompactedPayload = {
    type: first.type,
    texts: group.map((row) => (JSON.parse(row.payload) as { text: string }).text),
    createdAts: group.map((row) => row.created_at),
  };
  return { ...first, type: COMPACTED, payload: JSON.stringify(payload) };
}

/** Exactly `{"text": …}`: anything else a payload carried would be lost by merging. */
function isTextDelta(row: StoredEventRow): boolean {
  if (row.type === COMPACTED || !row.payload.startsWith('{"text":')) return false;
  return Object.keys(JSON.parse(row.payload) as object).length === 1;
}
