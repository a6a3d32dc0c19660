import type { Sql } from '../ledger/ledger.ts';
import { type BatchedDelta, batchedPositions, insertBatch, spreadBatches } from './event-batches.ts';
import type { RunFailure, TerminalStatus } from './run.ts';
import { lockOwner } from './run-owners.ts';
import { LAST_ROW_SEQ, listParams } from './run-rows.ts';

/** From so many runs on, the deltas of one commit share a row. */
const SHARE_FROM_RUNS = 8;

export interface AppendedEvent {
  type: string;
  payloadJson: string;
  /** The payload is exactly `{text}`. */
  isDelta: boolean;
}

/** Appended under the current epoch only, at the end together with the status. */
export interface AppendRequest {
  runId: string;
  epoch: number;
  /** The sequence number of the first event. */
  firstSeq: number;
  events: readonly AppendedEvent[];
  /** These events hold the first work of this claim that a takeover does not have to repeat. */
  firstProgress: boolean;
  finish: { status: TerminalStatus; resultJson: string | null; failure: RunFailure | null } | null;
  /** The owner's fence when it was last certain to hold the run and to know its last number; null to look again. */
  fence: number | null;
  /** The same request was sent before and its outcome is unknown: it may have been committed. */
  isRetry: boolean;
}

export interface AppendOutcome {
  /** For each request whether it was appended; false means that its epoch is no longer current: fenced, stop. */
  appended: boolean[];
  fence: number | null;
  /** Some of the events share a row now, which has to be spread before long. */
  shared: boolean;
}

/**
 * Appends for several runs of one owner in one go. While its fence stands, the owner holds what it held, and nothing
 * about the runs has to be read; their own rows stay as they are while text flows, apart from the first progress of a
 * claim and the end.
 *
 * @param batch `number` grows with every call of this owner; `spread` moves what shares rows into the runs' own logs
 */
export async function appendEvents(
  tx: Sql,
  owner: string,
  requests: readonly AppendRequest[],
  now: number,
  batch: { number: number; spread: boolean },
): Promise<AppendOutcome> {
  const fence = await lockOwner(tx, owner);
  if (batch.spread) await spreadBatches(tx, owner);
  const doubtful = requests.filter(
    (request) => request.isRetry || request.fence === null || request.fence !== fence,
  );
  const verdicts = doubtful.length === 0 ? NO_DOUBT : await verify(tx, owner, doubtful);
  const appended = requests.map((request) => (verdicts.get(request) ?? 'current') !== 'refused');
  const current = requests.filter((request) => (verdicts.get(request) ?? 'current') === 'current');
  const deltas = current.filter(
    (request) =>
      request.finish === null && !request.firstProgress && request.events.every((event) => event.isDelta),
  );
  const shared = deltas.length >= SHARE_FROM_RUNS;
  if (shared) await insertBatch(tx, { owner, number: batch.number, deltas: deltas.flatMap(entriesOf), now });
  const inShared = new Set(shared ? deltas : []);
  // Sent one behind the other, and carried out in this order.
  await Promise.all(
    current.filter((request) => !inShared.has(request)).flatMap((request) => appendRows(tx, request, now)),
  );
  return { appended, fence, shared };
}

type Verdict = 'current' | 'appended before' | 'refused';
const NO_DOUBT: ReadonlyMap<AppendRequest, Verdict> = new Map();

function entriesOf(request: AppendRequest): BatchedDelta[] {
  return request.events.map((event, offset) => ({
    runId: request.runId,
    seq: request.firstSeq + offset,
    epoch: request.epoch,
    type: event.type,
    payloadJson: event.payloadJson,
  }));
}

/** Whether the owner still holds these runs under the same epoch, and whether their logs end where it thinks. */
async function verify(
  tx: Sql,
  owner: string,
  requests: readonly AppendRequest[],
): Promise<Map<AppendRequest, Verdict>> {
  const { names, params } = listParams(
    'id',
    requests.map((request) => request.runId),
  );
  const rows = await tx.all<{ id: string; epoch: number; last_seq: number }>(
    `SELECT id, epoch, ${LAST_ROW_SEQ} AS last_seq FROM run
     WHERE status = 'running' AND owner = :owner AND id IN (${names})`,
    { ...params, owner },
  );
  const held = new Map(rows.map((row) => [row.id, row]));
  const batched = await batchedPositions(tx);
  const verdicts = new Map<AppendRequest, Verdict>();
  for (const request of requests) {
    const row = held.get(request.runId);
    const lastSeq = Math.max(row?.last_seq ?? 0, batched.get(request.runId) ?? 0);
    const isHeld = row?.epoch === request.epoch;
    if (isHeld && lastSeq === request.firstSeq - 1) verdicts.set(request, 'current');
    else if (!request.isRetry) verdicts.set(request, 'refused');
    else if (isHeld && lastSeq >= lastSeqOf(request)) verdicts.set(request, 'appended before');
    // Of an owner that no longer holds the run only its end counts: anything else it would go on writing after.
    else verdicts.set(request, (await wasFinished(tx, request)) ? 'appended before' : 'refused');
  }
  return verdicts;
}

function lastSeqOf(request: AppendRequest): number {
  return request.firstSeq - 1 + request.events.length;
}

function appendRows(tx: Sql, request: AppendRequest, now: number): Promise<unknown>[] {
  const { runId, epoch, firstSeq, finish } = request;
  const rows: Promise<unknown>[] = request.events.map((event, offset) =>
    tx.run(INSERT_EVENT, {
      runId,
      seq: firstSeq + offset,
      epoch,
      type: event.type,
      payload: event.payloadJson,
      now,
    }),
  );
  if (finish !== null) {
    const failure = finish.failure === null ? null : JSON.stringify(finish.failure);
    const { status, resultJson } = finish;
    const ended = { id: runId, lastSeq: lastSeqOf(request), status, result: resultJson, failure, now };
    rows.push(tx.run(FINISH_RUN, ended));
  } else if (request.firstProgress) {
    rows.push(tx.run('UPDATE run SET attempts = 0 WHERE id = :id', { id: runId }));
  }
  return rows;
}

/** A last commit whose answer was lost: the terminal event stands there under our own epoch. */
async function wasFinished(tx: Sql, request: AppendRequest): Promise<boolean> {
  if (request.finish === null) return false;
  const row = await tx.get(
    `SELECT 1 AS one FROM event JOIN run ON run.id = event.run_id
     WHERE run.id = :id AND run.epoch = :epoch AND event.seq = :seq AND event.epoch = :epoch`,
    { id: request.runId, epoch: request.epoch, seq: lastSeqOf(request) },
  );
  return row !== undefined;
}

const INSERT_EVENT = `
  INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
  VALUES (:runId, :seq, :epoch, :type, :payload, :now)`;
const FINISH_RUN = `
  UPDATE run SET last_seq = :lastSeq, status = :status, result = :result, failure = :failure, owner = NULL,
    lease_until = 0, finished_at = :now WHERE id = :id`;
