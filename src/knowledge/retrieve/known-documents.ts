/** The documents of a knowledge base that may be found. */
import { isLedgerAway } from '../../ledger/errors.ts';
import type { ScopedSql } from '../../ledger/scope.ts';
import type { Attributes } from '../library/memberships.ts';

/** Of larger knowledge bases the documents that were added last are known in an outage. */
const MAX_LISTED_DOCUMENTS = 5_000;

export interface KnownDocument {
  filename: string;
  attributes: Attributes;
}

type Row = { document_id: string; filename: string; attributes: string };

const DOCUMENTS = `SELECT link.document_id AS document_id, document.filename AS filename, link.attributes AS attributes
  FROM knowledge_base_document AS link
  JOIN document ON document.id = link.document_id AND document.workspace_id = :workspace
  WHERE link.knowledge_base_id = :knowledgeBaseId AND link.workspace_id = :workspace
    AND link.status <> 'removing' AND document.deleted_at IS NULL`;
const DOCUMENT = `${DOCUMENTS} AND link.document_id = :documentId`;
const NEWEST_DOCUMENTS = `${DOCUMENTS}
  ORDER BY link.created_at DESC, link.document_id LIMIT ${MAX_LISTED_DOCUMENTS}`;

/**
 * Undefined for one that the ledger does not hold any more. While the ledger is away, the list decides that was read
 * last, where the reader remembers one.
 */
export async function findDocument(
  sql: ScopedSql,
  knowledgeBaseId: string,
  documentId: string,
): Promise<KnownDocument | undefined> {
  try {
    const row = await sql.get<Row>(DOCUMENT, { knowledgeBaseId, documentId });
    return row && fromRow(row);
  } catch (error) {
    if (!isLedgerAway(error)) throw error;
    const listed = await newestDocuments(sql, knowledgeBaseId);
    const row = listed.find((one) => one.document_id === documentId);
    return row && fromRow(row);
  }
}

export async function newestDocuments(sql: ScopedSql, knowledgeBaseId: string): Promise<Row[]> {
  return sql.all<Row>(NEWEST_DOCUMENTS, { knowledgeBaseId });
}

function fromRow({ filename, attributes }: Row): KnownDocument {
  return { filename, attributes: JSON.parse(attributes) as Attributes };
}
