import type { DegradedSearch, ModeReasonCode } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type ScopedSql, scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { isExpired } from '../library/expiry.ts';
import {
  defaultKnowledgeBaseId,
  type Generation,
  type KnowledgeBase,
  knowledgeBaseNotFound,
  touchKnowledgeBase,
} from '../library/knowledge-bases.ts';
import type { Attributes } from '../library/memberships.ts';
import type { Embedder, SearchHit } from '../ports.ts';
import type { Searcher, SearchTarget } from '../search/searcher.ts';
import { type AttributeFilter, matchesFilter } from './attribute-filter.ts';
import { findDocument, type KnownDocument, newestDocuments } from './known-documents.ts';

/** Chunks of documents that left a moment ago are dropped after the search, so a few more are asked for. */
const SPARE_HITS = 4;
const ACTIVITY_RESOLUTION_MS = 60 * 60_000;

export interface RetrieverDependencies {
  ledger: Ledger;
  searcher: Searcher;
  embedderById(id: string): Embedder | null;
}

export interface RetrieveRequest {
  query: string;
  /** Null for the workspace's default. */
  knowledgeBaseIds: readonly string[] | null;
  filter: AttributeFilter | null;
  limit: number;
  /** Hits below are dropped; 0 keeps all. */
  scoreThreshold: number;
}

export interface RetrievedHit extends SearchHit {
  knowledgeBaseId: string;
  filename: string;
  attributes: Attributes;
}

export interface Retrieved {
  hits: RetrievedHit[];
  knowledgeBaseIds: string[];
  /** Set when the embedder was away, so that the hits are lexical only. */
  degraded: DegradedSearch | null;
}

export interface Retriever {
  retrieve(workspaceId: string, request: RetrieveRequest, signal?: AbortSignal): Promise<Retrieved>;
}

interface Target extends SearchTarget {
  generation: Generation;
  activeAt: number;
}

export function createRetriever(dependencies: RetrieverDependencies): Retriever {
  const { ledger, searcher } = dependencies;
  return {
    async retrieve(workspaceId, request, signal) {
      const sql = scopeSql(ledger.read, workspaceId);
      const targets = await findTargets(sql, request.knowledgeBaseIds);
      const knowledgeBaseIds = targets.map((target) => target.knowledgeBaseId);
      if (targets.length === 0) return { hits: [], knowledgeBaseIds, degraded: null };
      void noteActivity(ledger, workspaceId, targets, ledgerTime()).catch(() => {});
      const documentIds =
        request.filter === null ? null : await matchingDocuments(sql, knowledgeBaseIds, request.filter);
      if (documentIds !== null && documentIds.length === 0)
        return { hits: [], knowledgeBaseIds, degraded: null };
      const { vector, embedderId, degraded } = await embedQuery(dependencies, targets, request.query, signal);
      const found = await searcher.search(
        // Vectors of different embedders never meet, even where their lengths agree.
        targets.map(({ knowledgeBaseId, generation }) => ({
          knowledgeBaseId,
          generation,
          lexicalOnly: generation.embedder !== embedderId,
        })),
        { query: request.query, vector, limit: request.limit + SPARE_HITS, documentIds },
      );
      const hits = await withDocuments(sql, found);
      return {
        hits: hits
          .filter((hit) => hit.score >= request.scoreThreshold)
          // The same document may be described differently in another knowledge base.
          .filter((hit) => request.filter === null || matchesFilter(request.filter, hit.attributes))
          .slice(0, request.limit),
        knowledgeBaseIds,
        degraded,
      };
    },
  };
}

/** Reads what a search in this knowledge base needs of the ledger, for whoever remembers it. */
export async function readForSearch(sql: ScopedSql, knowledgeBaseId: string): Promise<void> {
  await findTargets(sql, null);
  await findTargets(sql, [knowledgeBaseId]);
  await newestDocuments(sql, knowledgeBaseId);
}

async function findTargets(sql: ScopedSql, requested: readonly string[] | null): Promise<Target[]> {
  const ids = requested ?? [await defaultKnowledgeBaseId(sql)].filter((id) => id !== null);
  const targets: Target[] = [];
  for (const id of new Set(ids)) {
    const row = await sql.get<{ generation: string; active_at: number; expires_after: string | null }>(
      `SELECT generation, active_at, expires_after FROM knowledge_base
       WHERE id = :id AND workspace_id = :workspace AND deleted_at IS NULL`,
      { id },
    );
    if (row === undefined) throw knowledgeBaseNotFound(id);
    const expiresAfter = JSON.parse(row.expires_after ?? 'null') as KnowledgeBase['expiresAfter'];
    if (isExpired({ activeAt: row.active_at, expiresAfter }, ledgerTime())) continue;
    const generation = JSON.parse(row.generation) as Generation;
    targets.push({ knowledgeBaseId: id, generation, activeAt: row.active_at });
  }
  return targets;
}

/** Being asked keeps a knowledge base from expiring, which is counted in days: a write an hour is enough. */
async function noteActivity(
  ledger: Ledger,
  workspaceId: string,
  targets: readonly Target[],
  now: number,
): Promise<void> {
  const stale = targets.filter((target) => now - target.activeAt > ACTIVITY_RESOLUTION_MS);
  if (stale.length === 0) return;
  await scopeLedger(ledger, workspaceId).transaction(async (tx) => {
    for (const { knowledgeBaseId } of stale) await touchKnowledgeBase(tx, knowledgeBaseId, now);
  });
}

async function matchingDocuments(
  sql: ScopedSql,
  knowledgeBaseIds: readonly string[],
  filter: AttributeFilter,
): Promise<string[]> {
  const ids = new Set<string>();
  for (const knowledgeBaseId of knowledgeBaseIds) {
    const rows = await sql.all<{ document_id: string; attributes: string }>(
      `SELECT document_id, attributes FROM knowledge_base_document
       WHERE knowledge_base_id = :knowledgeBaseId AND workspace_id = :workspace AND status <> 'removing'`,
      { knowledgeBaseId },
    );
    for (const row of rows) {
      if (matchesFilter(filter, JSON.parse(row.attributes) as Attributes)) ids.add(row.document_id);
    }
  }
  return [...ids];
}

/**
 * One query vector serves all knowledge bases of one embedder. Whatever has to be searched without its vectors makes
 * the search lexical there, and says so.
 */
async function embedQuery(
  dependencies: Pick<RetrieverDependencies, 'embedderById'>,
  targets: readonly Target[],
  query: string,
  signal: AbortSignal | undefined,
): Promise<{ vector: number[] | null; embedderId: string | null; degraded: Retrieved['degraded'] }> {
  const embedderIds = new Set(targets.map((target) => target.generation.embedder));
  embedderIds.delete(null);
  if (embedderIds.size === 0) return { vector: null, embedderId: null, degraded: null };
  const usable = [...embedderIds].flatMap((id) => dependencies.embedderById(id as string) ?? []);
  const embedder = usable[0];
  if (embedder === undefined)
    return lexical('embedder_not_configured', 'The embedding model is not configured.');
  try {
    const [vector = null] = await embedder.embed([query], {
      purpose: 'query',
      ...(signal === undefined ? {} : { signal }),
    });
    const degraded =
      embedderIds.size === 1
        ? null
        : keywordOnly(
            'embedder_differs',
            'Some of the knowledge bases were built with another embedding model.',
          );
    return { vector, embedderId: embedder.id, degraded };
  } catch (error) {
    if (!(error instanceof BudaoError) || signal?.aborted === true) throw error;
    return lexical('embedder_away', error.message);
  }
}

function lexical(
  code: ModeReasonCode,
  reason: string,
): { vector: null; embedderId: null; degraded: DegradedSearch } {
  return { vector: null, embedderId: null, degraded: keywordOnly(code, reason) };
}

function keywordOnly(code: ModeReasonCode, reason: string): DegradedSearch {
  return { mode: 'keyword-only', reason, code };
}

/** Drops what the ledger no longer holds: the ledger decides what may be found, the index only where. */
async function withDocuments(
  sql: ScopedSql,
  found: readonly (SearchHit & { knowledgeBaseId: string })[],
): Promise<RetrievedHit[]> {
  const hits: RetrievedHit[] = [];
  const known = new Map<string, KnownDocument | undefined>();
  for (const hit of found) {
    const key = `${hit.knowledgeBaseId} ${hit.chunk.documentId}`;
    if (!known.has(key)) known.set(key, await findDocument(sql, hit.knowledgeBaseId, hit.chunk.documentId));
    const document = known.get(key);
    if (document !== undefined) hits.push({ ...hit, ...document });
  }
  return hits;
}
