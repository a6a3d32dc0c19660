import type { DocumentWarning } from '../../contract/document-warnings.ts';
import { BudaoError } from '../../contract/errors.ts';
import type { Sql, SqlParams } from '../../ledger/ledger.ts';
import type { RequestMark } from '../../ledger/made-once.ts';
import { type ScopedSql, scopeSql } from '../../ledger/scope.ts';
import type { RunFailure, SubmitRun } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import { DEFAULT_CHUNK_OPTIONS } from '../chunk/chunk-document.ts';
import { INDEX_RUN, INGEST_RUN, type IndexInput, type IngestInput } from '../ingest/inputs.ts';
import { getDocument } from './documents.ts';
import { requireKnowledgeBase, touchKnowledgeBase } from './knowledge-bases.ts';
import { findMembership } from './membership-rows.ts';

export type MembershipStatus = 'in_progress' | 'completed' | 'failed' | 'cancelled';
export type IngestPhase = 'queued' | 'extracting' | 'chunking' | 'embedding' | 'indexing' | 'ready';
export type AttributeValue = string | number | boolean;
export type Attributes = Record<string, AttributeValue>;

export interface Chunking {
  maxTokens: number;
  overlapTokens: number;
}

/** What is known of the parsed document; grows with the phases. */
export interface MembershipSummary {
  phase: IngestPhase;
  /** 0 to 1 within all phases. */
  fraction: number;
  format?: string;
  title?: string | null;
  pages?: number | null;
  warnings?: (DocumentWarning | string)[];
  /** Blob in the derived store with the text, the chunks and the vectors. */
  artifact?: string;
  /** Generation that the artifact was made for. */
  generation?: string;
  /** The failure is of a kind that passes: doctor starts the document again. */
  passing?: boolean;
  /** The document that this one takes the place of once it is ready. */
  replaces?: string | undefined;
}

/** A document in a knowledge base. */
export interface Membership {
  knowledgeBaseId: string;
  documentId: string;
  filename: string;
  bytes: number;
  sha256: string;
  batchId: string | null;
  attributes: Attributes;
  chunking: Chunking;
  status: MembershipStatus;
  runId: string | null;
  failure: RunFailure | null;
  summary: MembershipSummary;
  chunks: number;
  createdAt: number;
}

export const DEFAULT_CHUNKING: Chunking = DEFAULT_CHUNK_OPTIONS;
const INGEST_TIMEOUT_MS = 6 * 60 * 60_000;
const ANSWER_BEFORE_INGEST_PRIORITY = 0;

export interface AddDocument {
  knowledgeBaseId: string;
  documentId: string;
  attributes?: Attributes | undefined;
  chunking?: Chunking | undefined;
  batchId?: string | null;
  /** A document of this knowledge base that leaves once the new one is ready. */
  replaces?: string | undefined;
  /** Has been looked for among earlier additions in this very transaction. */
  mark?: RequestMark | null;
  /** The request's own `traceparent`. */
  traceParent?: string;
}

/**
 * Whether the document is to be found: it is ready, or it was, and reading it anew has failed, as when its stored original
 * is damaged. What was derived of it before goes on being found.
 */
export function isFindable({
  status,
  chunks,
  summary,
}: Pick<Membership, 'status' | 'chunks' | 'summary'>): boolean {
  return status === 'completed' || (status === 'failed' && chunks > 0 && summary.artifact !== undefined);
}

/** What is said of a failure where the document was ready before. */
export function withEarlierText(message: string): string {
  return `${message} Until then the text that was read before goes on being found.`;
}

/** Adds a document and starts its ingest. Adding one again ingests it again. @returns the run to announce */
export async function addDocument(
  raw: Sql,
  workspaceId: string,
  request: AddDocument,
  now: number,
): Promise<{ runId: string; kind: string }> {
  const tx = scopeSql(raw, workspaceId);
  // Whoever deletes the knowledge base at the same time goes before or after all of this.
  await touchKnowledgeBase(tx, request.knowledgeBaseId, now);
  await requireKnowledgeBase(tx, request.knowledgeBaseId);
  await getDocument(tx, request.documentId);
  const before = await findMembership(tx, request.knowledgeBaseId, request.documentId);
  const summary: MembershipSummary = { ...keptSummary(before), phase: 'queued', fraction: 0 };
  if (request.replaces !== undefined) {
    await getMembership(tx, request.knowledgeBaseId, request.replaces);
    summary.replaces = request.replaces;
  }
  const { knowledgeBaseId, documentId, mark, traceParent } = request;
  const input: IngestInput = {
    knowledgeBaseId,
    documentId,
    ...(mark ? { bodyHash: mark.bodyHash } : {}),
    ...(traceParent === undefined ? {} : { traceParent }),
  };
  const ingest = { ...ingestRequest(workspaceId, input), idempotencyKey: mark?.key ?? null };
  const { run, created } = await submitRun(raw, ingest, now);
  if (!created) throw sentTwiceAtOnce();
  await tx.run(
    `INSERT INTO knowledge_base_document (knowledge_base_id, document_id, workspace_id, batch_id, attributes, chunking,
       status, run_id, failure, summary, chunks, created_at, updated_at)
     VALUES (:knowledgeBaseId, :documentId, :workspace, :batchId, :attributes, :chunking, 'in_progress', :runId, NULL,
       :summary, 0, :now, :now)
     ON CONFLICT (knowledge_base_id, document_id) DO UPDATE SET status = 'in_progress', failure = NULL,
       attributes = excluded.attributes, chunking = excluded.chunking, batch_id = excluded.batch_id,
       summary = excluded.summary, run_id = excluded.run_id, updated_at = :now
     WHERE knowledge_base_document.workspace_id = :workspace`,
    {
      knowledgeBaseId,
      documentId,
      runId: run.id,
      batchId: request.batchId ?? null,
      attributes: JSON.stringify(request.attributes ?? {}),
      chunking: JSON.stringify(request.chunking ?? DEFAULT_CHUNKING),
      summary: JSON.stringify(summary),
      now,
    },
  );
  return { runId: run.id, kind: INGEST_RUN };
}

/** What is known of a document that is read again stays until the reading has succeeded. */
function keptSummary(before: Membership | null): Partial<MembershipSummary> {
  if (before === null) return {};
  const { replaces: _replaced, passing: _passed, ...known } = before.summary;
  return known;
}

function sentTwiceAtOnce(): BudaoError {
  return new BudaoError(
    'unavailable',
    'ledger_busy',
    'A request with the same Idempotency-Key is being handled at this moment. Send this one again.',
  );
}

/** Starts a document's ingest from its stored bytes again. */
export async function reingestDocument(
  raw: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  documentId: string,
  now: number,
): Promise<{ runId: string; kind: string }> {
  const tx = scopeSql(raw, workspaceId);
  const membership = await getMembership(tx, knowledgeBaseId, documentId);
  await saveMembership(
    tx,
    membership,
    { status: 'in_progress', failure: null, phase: 'queued', fraction: 0 },
    now,
  );
  return submitIngest(raw, tx, knowledgeBaseId, documentId, now);
}

async function submitIngest(
  raw: Sql,
  tx: ScopedSql,
  knowledgeBaseId: string,
  documentId: string,
  now: number,
): Promise<{ runId: string; kind: string }> {
  const input: IngestInput = { knowledgeBaseId, documentId };
  const { run } = await submitRun(raw, ingestRequest(tx.workspaceId, input), now);
  await tx.run(
    `UPDATE knowledge_base_document SET run_id = :runId
     WHERE knowledge_base_id = :knowledgeBaseId AND document_id = :documentId AND workspace_id = :workspace`,
    { runId: run.id, knowledgeBaseId, documentId },
  );
  return { runId: run.id, kind: INGEST_RUN };
}

function ingestRequest(workspaceId: string, input: IngestInput): SubmitRun {
  return {
    kind: INGEST_RUN,
    workspaceId,
    subjectId: `${input.knowledgeBaseId}/${input.documentId}`,
    input,
    priority: ANSWER_BEFORE_INGEST_PRIORITY,
    timeoutMs: INGEST_TIMEOUT_MS,
  };
}

/**
 * Makes sure that an index run comes after this transaction. One that is queued already will see its changes: its row is
 * locked, so that nobody claims it before they are there.
 */
export async function submitIndexing(
  raw: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  now: number,
): Promise<{ kind: string }> {
  const tx = scopeSql(raw, workspaceId);
  const queued = await tx.get(
    `SELECT 1 AS one FROM run WHERE workspace_id = :workspace AND subject_id = :knowledgeBaseId AND kind = :kind
       AND status = 'queued' ORDER BY id LIMIT 1 /*postgres: FOR UPDATE */`,
    { knowledgeBaseId, kind: INDEX_RUN },
  );
  if (queued === undefined) {
    const input: IndexInput = { knowledgeBaseId };
    await submitRun(
      raw,
      { kind: INDEX_RUN, workspaceId, subjectId: knowledgeBaseId, input, timeoutMs: INGEST_TIMEOUT_MS },
      now,
    );
  }
  return { kind: INDEX_RUN };
}

/** @throws BudaoError document_not_in_knowledge_base */
export async function getMembership(
  sql: ScopedSql,
  knowledgeBaseId: string,
  documentId: string,
): Promise<Membership> {
  const membership = await findMembership(sql, knowledgeBaseId, documentId);
  if (membership !== null) return membership;
  throw new BudaoError(
    'not_found',
    'document_not_in_knowledge_base',
    `The knowledge base '${knowledgeBaseId}' has no file '${documentId}'.`,
    { param: 'file_id' },
  );
}

/** Hides the document from search at once; the index run then removes its chunks. */
export async function removeDocument(
  raw: Sql,
  workspaceId: string,
  knowledgeBaseId: string,
  documentId: string,
  now: number,
): Promise<{ kind: string }> {
  const tx = scopeSql(raw, workspaceId);
  await getMembership(tx, knowledgeBaseId, documentId);
  await tx.run(
    `UPDATE knowledge_base_document SET status = 'removing', updated_at = :now
     WHERE knowledge_base_id = :knowledgeBaseId AND document_id = :documentId AND workspace_id = :workspace`,
    { knowledgeBaseId, documentId, now },
  );
  return submitIndexing(raw, workspaceId, knowledgeBaseId, now);
}

export async function setAttributes(
  tx: ScopedSql,
  knowledgeBaseId: string,
  documentId: string,
  attributes: Attributes,
  now: number,
): Promise<Membership> {
  await getMembership(tx, knowledgeBaseId, documentId);
  await tx.run(
    `UPDATE knowledge_base_document SET attributes = :attributes, updated_at = :now
     WHERE knowledge_base_id = :knowledgeBaseId AND document_id = :documentId AND workspace_id = :workspace`,
    { knowledgeBaseId, documentId, attributes: JSON.stringify(attributes), now },
  );
  return getMembership(tx, knowledgeBaseId, documentId);
}

export type MembershipChange = Partial<MembershipSummary> & {
  status?: MembershipStatus;
  failure?: RunFailure | null;
  chunks?: number;
};

/**
 * Writes what a run has found out, unless the document has meanwhile been removed, cancelled or handed to a later
 * run: then that one's word counts.
 *
 * @returns whether it was written
 */
export async function saveProgress(
  tx: ScopedSql,
  membership: Membership,
  change: MembershipChange,
  now: number,
): Promise<boolean> {
  const { changes } = await tx.run(
    `${SAVE_MEMBERSHIP} AND status = 'in_progress' AND COALESCE(run_id, '') = :runId`,
    {
      ...savedColumns(membership, change, now),
      runId: membership.runId ?? '',
    },
  );
  return changes === 1;
}

/** Writes over whatever stands there, for callers that read the membership in this very transaction. */
export async function saveMembership(
  tx: ScopedSql,
  membership: Membership,
  change: MembershipChange,
  now: number,
): Promise<void> {
  await tx.run(`${SAVE_MEMBERSHIP} AND status <> 'removing'`, savedColumns(membership, change, now));
}

const SAVE_MEMBERSHIP = `
  UPDATE knowledge_base_document SET status = :status, failure = :failure, chunks = :chunks, summary = :summary,
    updated_at = :now
  WHERE knowledge_base_id = :knowledgeBaseId AND document_id = :documentId AND workspace_id = :workspace`;

function savedColumns(membership: Membership, change: MembershipChange, now: number): SqlParams {
  const { status, failure, chunks, ...summary } = change;
  return {
    knowledgeBaseId: membership.knowledgeBaseId,
    documentId: membership.documentId,
    status: status ?? membership.status,
    failure: jsonOrNull(failure === undefined ? membership.failure : failure),
    chunks: chunks ?? membership.chunks,
    summary: JSON.stringify({ ...membership.summary, ...summary }),
    now,
  };
}

function jsonOrNull(value: RunFailure | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
