import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import type { ScopedSql } from '../../ledger/scope.ts';
import { inPageOrder, type Page, pageSql } from './page.ts';

/** A file as it was uploaded. Its bytes are a blob, shared by every document with the same content. */
export interface Document {
  id: string;
  filename: string;
  purpose: string;
  bytes: number;
  sha256: string;
  createdAt: number;
}

interface DocumentRow {
  id: string;
  filename: string;
  purpose: string;
  bytes: number;
  sha256: string;
  created_at: number;
}

const MAX_FILENAME_CHARACTERS = 255;
/** Control characters, and those that reverse the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The bytes must be durable in the blob store before this is called. */
export async function createDocument(
  tx: ScopedSql,
  request: { filename: string; purpose: string; bytes: number; sha256: string; accountId: string | null },
  now: number,
): Promise<Document> {
  const document: Document = {
    id: newId('file'),
    filename: cleanFilename(request.filename),
    purpose: request.purpose,
    bytes: request.bytes,
    sha256: request.sha256,
    createdAt: now,
  };
  await tx.run(
    `INSERT INTO document (id, workspace_id, account_id, filename, purpose, bytes, sha256, created_at, deleted_at)
     VALUES (:id, :workspace, :accountId, :filename, :purpose, :bytes, :sha256, :createdAt, NULL)`,
    { ...document, accountId: request.accountId },
  );
  return document;
}

/** @throws BudaoError document_not_found */
export async function getDocument(sql: ScopedSql, id: string): Promise<Document> {
  const row = await sql.get<DocumentRow>(
    'SELECT * FROM document WHERE id = :id AND workspace_id = :workspace AND deleted_at IS NULL',
    { id },
  );
  if (row === undefined) throw documentNotFound(id);
  return documentFromRow(row);
}

export async function listDocuments(
  sql: ScopedSql,
  page: Page & { purpose?: string | undefined },
): Promise<Document[]> {
  const { where, orderBy, params } = pageSql('id', page);
  const rows = await sql.all<DocumentRow>(
    `SELECT * FROM document WHERE workspace_id = :workspace AND deleted_at IS NULL
       AND (:purpose = '' OR purpose = :purpose) AND ${where} ${orderBy}`,
    { ...params, purpose: page.purpose ?? '' },
  );
  return inPageOrder(rows, page).map(documentFromRow);
}

/** Takes the document out of every knowledge base as well. @returns the knowledge bases that held it */
export async function deleteDocument(tx: ScopedSql, id: string, now: number): Promise<string[]> {
  await getDocument(tx, id);
  await tx.run('UPDATE document SET deleted_at = :now WHERE id = :id AND workspace_id = :workspace', {
    id,
    now,
  });
  const links = await tx.all<{ knowledge_base_id: string }>(
    `UPDATE knowledge_base_document SET status = 'removing', updated_at = :now
     WHERE document_id = :id AND workspace_id = :workspace RETURNING knowledge_base_id`,
    { id, now },
  );
  return links.map((link) => link.knowledge_base_id);
}

export function documentNotFound(id: string): BudaoError {
  return new BudaoError('not_found', 'document_not_found', `There is no file '${id}' in this workspace.`, {
    param: 'file_id',
  });
}

/** The name alone, without folders and without characters that would confuse a terminal, a header or a file system. */
export function cleanFilename(filename: string): string {
  const base = filename.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const clean = base.replaceAll(UNPRINTABLE, '').trim();
  if (clean === '' || clean === '.' || clean === '..') return 'unnamed';
  if (clean.length <= MAX_FILENAME_CHARACTERS) return clean;
  const dot = clean.lastIndexOf('.');
  const extension = dot > 0 && clean.length - dot <= 10 ? clean.slice(dot) : '';
  return clean.slice(0, MAX_FILENAME_CHARACTERS - extension.length).toWellFormed() + extension;
}

function documentFromRow(row: DocumentRow): Document {
  return {
    id: row.id,
    filename: row.filename,
    purpose: row.purpose,
    bytes: row.bytes,
    sha256: row.sha256,
    createdAt: row.created_at,
  };
}
