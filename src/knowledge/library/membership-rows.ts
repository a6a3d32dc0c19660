import type { ScopedSql } from '../../ledger/scope.ts';
import type { RunFailure } from '../../runs/run.ts';
import type {
  Attributes,
  Chunking,
  IngestPhase,
  Membership,
  MembershipStatus,
  MembershipSummary,
} from './memberships.ts';
import { inPageOrder, type Page, pageSql } from './page.ts';

interface MembershipRow {
  knowledge_base_id: string;
  document_id: string;
  filename: string;
  bytes: number;
  sha256: string;
  batch_id: string | null;
  attributes: string;
  chunking: string;
  status: string;
  run_id: string | null;
  failure: string | null;
  summary: string | null;
  chunks: number;
  created_at: number;
}

/** A document whose run ended from outside (given up, out of time, cancelled) has failed, whatever it last said. */
export const EFFECTIVE_STATUS = `CASE WHEN link.status = 'in_progress' AND run.status IN ('failed', 'cancelled')
  THEN run.status ELSE link.status END`;
export const MEMBERSHIP_RUN = `LEFT JOIN run ON run.id = link.run_id AND run.workspace_id = :workspace`;

const SELECT_MEMBERSHIP = `
  SELECT link.knowledge_base_id, link.document_id, link.batch_id, link.attributes, link.chunking, link.run_id,
    link.summary, link.chunks, link.created_at, ${EFFECTIVE_STATUS} AS status,
    COALESCE(link.failure, CASE WHEN link.status = 'in_progress' THEN run.failure END) AS failure,
    document.filename AS filename, document.bytes AS bytes, document.sha256 AS sha256
  FROM knowledge_base_document AS link
  JOIN document ON document.id = link.document_id AND document.workspace_id = :workspace
  ${MEMBERSHIP_RUN}
  WHERE link.workspace_id = :workspace AND link.status <> 'removing'`;

export async function findMembership(
  sql: ScopedSql,
  knowledgeBaseId: string,
  documentId: string,
): Promise<Membership | null> {
  const row = await sql.get<MembershipRow>(
    `${SELECT_MEMBERSHIP} AND link.knowledge_base_id = :knowledgeBaseId AND link.document_id = :documentId`,
    { knowledgeBaseId, documentId },
  );
  return row === undefined ? null : membershipFromRow(row);
}

/** Every knowledge base that holds the document, the latest first. */
export async function membershipsOf(sql: ScopedSql, documentId: string): Promise<Membership[]> {
  const rows = await sql.all<MembershipRow>(
    `${SELECT_MEMBERSHIP} AND link.document_id = :documentId ORDER BY link.updated_at DESC`,
    { documentId },
  );
  return rows.map(membershipFromRow);
}

/** The knowledge bases that hold the documents of a page, by document. */
export async function knowledgeBasesByDocument(
  sql: ScopedSql,
  documents: readonly { id: string }[],
): Promise<Map<string, string[]>> {
  const ids = documents.map(({ id }) => id).toSorted();
  const rows = await sql.all<{ document_id: string; knowledge_base_id: string }>(
    `SELECT link.document_id, link.knowledge_base_id FROM knowledge_base_document AS link
     JOIN knowledge_base ON knowledge_base.id = link.knowledge_base_id AND knowledge_base.workspace_id = :workspace
     WHERE link.workspace_id = :workspace AND link.status <> 'removing' AND knowledge_base.deleted_at IS NULL
       AND link.document_id >= :first AND link.document_id <= :last`,
    // Ids sort by time, so a page is a range of them.
    { first: ids[0] ?? '', last: ids.at(-1) ?? '' },
  );
  const byDocument = new Map<string, string[]>();
  for (const row of rows) {
    const known = byDocument.get(row.document_id);
    if (known === undefined) byDocument.set(row.document_id, [row.knowledge_base_id]);
    else known.push(row.knowledge_base_id);
  }
  return byDocument;
}

export interface MembershipFilter extends Page {
  knowledgeBaseId: string;
  status?: MembershipStatus | undefined;
  phase?: IngestPhase | undefined;
  batchId?: string | undefined;
}

export async function listMemberships(sql: ScopedSql, filter: MembershipFilter): Promise<Membership[]> {
  const page = pageSql('link.document_id', filter);
  const rows = await sql.all<MembershipRow>(
    `${SELECT_MEMBERSHIP} AND link.knowledge_base_id = :knowledgeBaseId AND ${page.where}
       AND (:status = '' OR ${EFFECTIVE_STATUS} = :status) AND (:batchId = '' OR link.batch_id = :batchId)
       AND (:phase = '' OR link.summary LIKE :phase)
     ${page.orderBy}`,
    {
      ...page.params,
      knowledgeBaseId: filter.knowledgeBaseId,
      status: filter.status ?? '',
      batchId: filter.batchId ?? '',
      // A title that holds these words has its quotation marks escaped.
      phase: filter.phase === undefined ? '' : `%"phase":"${filter.phase}"%`,
    },
  );
  return inPageOrder(rows, filter).map(membershipFromRow);
}

function membershipFromRow(row: MembershipRow): Membership {
  return {
    knowledgeBaseId: row.knowledge_base_id,
    documentId: row.document_id,
    filename: row.filename,
    bytes: row.bytes,
    sha256: row.sha256,
    batchId: row.batch_id,
    attributes: JSON.parse(row.attributes) as Attributes,
    chunking: JSON.parse(row.chunking) as Chunking,
    status: row.status as MembershipStatus,
    runId: row.run_id,
    failure: row.failure === null ? null : (JSON.parse(row.failure) as RunFailure),
    summary: JSON.parse(row.summary ?? '{"phase":"queued","fraction":0}') as MembershipSummary,
    chunks: row.chunks,
    createdAt: row.created_at,
  };
}
