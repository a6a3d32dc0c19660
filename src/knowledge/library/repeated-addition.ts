import { BudaoError } from '../../contract/errors.ts';
import type { RequestMark } from '../../ledger/made-once.ts';
import type { ScopedSql } from '../../ledger/scope.ts';
import { INGEST_RUN, type IngestInput } from '../ingest/inputs.ts';
import { touchKnowledgeBase } from './knowledge-bases.ts';

/**
 * The document that an earlier request with this mark has added, or null. Comes first in its transaction: the same
 * request sent twice at once waits for the knowledge base's row, and finds what the other has added.
 *
 * @throws BudaoError idempotency_key_reused
 */
export async function repeatedAddition(
  tx: ScopedSql,
  knowledgeBaseId: string,
  mark: RequestMark | null,
  now: number,
): Promise<string | null> {
  if (mark === null) return null;
  await touchKnowledgeBase(tx, knowledgeBaseId, now);
  const run = await tx.get<{ input: string }>(
    'SELECT input FROM run WHERE workspace_id = :workspace AND kind = :kind AND idempotency_key = :key',
    { kind: INGEST_RUN, key: mark.key },
  );
  if (run === undefined) return null;
  const { documentId, bodyHash } = JSON.parse(run.input) as IngestInput;
  if (bodyHash === mark.bodyHash) return documentId;
  throw new BudaoError(
    'conflict',
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request. Send a new key with a new file.',
  );
}
