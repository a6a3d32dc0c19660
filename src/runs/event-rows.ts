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
  let group: Deltas[] = [];
  const close = (): void => {
    const first = group[0];
    if (first !== undefined && group.length > 1) merged.push(mergeRows(first, group));
    else keep.push(...group.map((deltas) => deltas.row));
    group = [];
  };
  for (const row of rows) {
    const deltas = deltasOf(row);
    if (deltas === null) {
      close();
      keep.push(row);
      continue;
    }
    const previous = group.at(-1);
    if (previous === undefined || !continues(previous, deltas)) close();
    group.push(deltas);
  }
  close();
  return { keep, merged };
}

/** A row that stands for one text delta or for several in a row. */
interface Deltas extends CompactedPayload {
  row: StoredEventRow;
}

function deltasOf(row: StoredEventRow): Deltas | null {
  if (row.type === COMPACTED) return { row, ...(JSON.parse(row.payload) as CompactedPayload) };
  if (!row.payload.startsWith('{"text":')) return null;
  const payload = JSON.parse(row.payload) as { text: string };
  // Anything else a payload carried would be lost by merging.
  if (Object.keys(payload).length !== 1) return null;
  return { row, type: row.type, texts: [payload.text], createdAts: [row.created_at] };
}

function continues(previous: Deltas, next: Deltas): boolean {
  return (
    previous.type === next.type &&
    previous.row.epoch === next.row.epoch &&
    previous.row.seq + previous.texts.length === next.row.seq
  );
}

function mergeRows(first: Deltas, group: readonly Deltas[]): StoredEventRow {
  const payload: CompactedPayload = {
    type: first.type,
    texts: group.flatMap((deltas) => deltas.texts),
    createdAts: group.flatMap((deltas) => deltas.createdAts),
  };
  return { ...first.row, type: COMPACTED, payload: JSON.stringify(payload) };
}
