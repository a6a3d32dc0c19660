import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../../ledger/scope.ts';
import {
  defaultKnowledgeBaseId,
  type Generation,
  knowledgeBaseNotFound,
} from '../library/knowledge-bases.ts';
import type { Attributes } from '../library/memberships.ts';
import type { Embedder, SearchHit } from '../ports.ts';
import type { Searcher, SearchTarget } from '../search/searcher.ts';
import { type AttributeFilter, matchesFilter } from './attribute-filter.ts';

/** Chunks of documents that left a moment ago are dropped after the search, so a few more are asked for. */
const SPARE_HITS = 4;

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
  degraded: { mode: 'keyword-only'; reason: string } | null;
}

export interface Retriever {
  retrieve(workspaceId: string, request: RetrieveRequest, signal?: AbortSignal): Promise<Retrieved>;
}

export function createRetriever(dependencies: {
  ledger: Ledger;
  searcher: Searcher;
  embedderById(id: string): Embedder | null;
}): Retriever {
  const { ledger, searcher } = dependencies;
  return {
    async retrieve(workspaceId, request, signal) {
      const sql = scopeSql(ledger.read, workspaceId);
      const targets = await findTargets(sql, request.knowledgeBaseIds);
      const knowledgeBaseIds = targets.map((target) => target.knowledgeBaseId);
      if (targets.length === 0) return { hits: [], knowledgeBaseIds, degraded: null };
      const documentIds =
        request.filter === null ? null : await matchingDocuments(sql, knowledgeBaseIds, request.filter);
      if (documentIds !== null && documentIds.length === 0)
        return { hits: [], knowledgeBaseIds, degraded: null };
      const { vector, degraded } = await embedQuery(dependencies, targets, request.query, signal);
      const found = await searcher.search(targets, {
        query: request.query,
        vector,
        limit: request.limit + SPARE_HITS,
        documentIds,
      });
      const hits = await withDocuments(sql, found);
      return {
        hits: hits.filter((hit) => hit.score >= request.scoreThreshold).slice(0, request.limit),
        knowledgeBaseIds,
        degraded,
      };
    },
  };
}

async function findTargets(
  sql: ScopedSql,
  requested: readonly string[] | null,
): Promise<(SearchTarget & { generation: Generation })[]> {
  const ids = requested ?? [await defaultKnowledgeBaseId(sql)].filter((id) => id !== null);
  const targets = [];
  for (const id of new Set(ids)) {
    const row = await sql.get<{ generation: string }>(
      'SELECT generation FROM knowledge_base WHERE id = :id AND workspace_id = :workspace AND deleted_at IS NULL',
      { id },
    );
    if (row === undefined) throw knowledgeBaseNotFound(id);
    targets.push({ knowledgeBaseId: id, generation: JSON.parse(row.generation) as Generation });
  }
  return targets;
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

/** One query vector serves all knowledge bases of one embedder; without it the search is lexical, and says so. */
async function embedQuery(
  dependencies: { embedderById(id: string): Embedder | null },
  targets: readonly { generation: Generation }[],
  query: string,
  signal: AbortSignal | undefined,
): Promise<{ vector: number[] | null; degraded: Retrieved['degraded'] }> {
  const embedderId = targets.map((target) => target.generation.embedder).find((id) => id !== null) ?? null;
  if (embedderId === null) return { vector: null, degraded: null };
  const embedder = dependencies.embedderById(embedderId);
  if (embedder === null) {
    return {
      vector: null,
      degraded: { mode: 'keyword-only', reason: 'The embedding model is not configured.' },
    };
  }
  try {
    const [vector] = await embedder.embed([query], {
      purpose: 'query',
      ...(signal === undefined ? {} : { signal }),
    });
    return { vector: vector ?? null, degraded: null };
  } catch (error) {
    if (!(error instanceof BudaoError) || signal?.aborted === true) throw error;
    return { vector: null, degraded: { mode: 'keyword-only', reason: error.message } };
  }
}

/** Drops what the ledger no longer holds: the ledger decides what may be found, the index only where. */
async function withDocuments(
  sql: ScopedSql,
  found: readonly (SearchHit & { knowledgeBaseId: string })[],
): Promise<RetrievedHit[]> {
  const hits: RetrievedHit[] = [];
  const known = new Map<string, { filename: string; attributes: Attributes } | undefined>();
  for (const hit of found) {
    const key = `${hit.knowledgeBaseId} ${hit.chunk.documentId}`;
    if (!known.has(key)) known.set(key, await findDocument(sql, hit.knowledgeBaseId, hit.chunk.documentId));
    const document = known.get(key);
    if (document !== undefined) hits.push({ ...hit, ...document });
  }
  return hits;
}

async function findDocument(
  sql: ScopedSql,
  knowledgeBaseId: string,
  documentId: string,
): Promise<{ filename: string; attributes: Attributes } | undefined> {
  const row = await sql.get<{ filename: string; attributes: string }>(
    `SELECT document.filename AS filename, link.attributes AS attributes
     FROM knowledge_base_document AS link
     JOIN document ON document.id = link.document_id AND document.workspace_id = :workspace
     WHERE link.knowledge_base_id = :knowledgeBaseId AND link.document_id = :documentId
       AND link.workspace_id = :workspace AND link.status <> 'removing' AND document.deleted_at IS NULL`,
    { knowledgeBaseId, documentId },
  );
  return row && { filename: row.filename, attributes: JSON.parse(row.attributes) as Attributes };
}
