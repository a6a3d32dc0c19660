import { INDEX_RUN, INGEST_RUN, REBUILD_RUN } from '../ingest/inputs.ts';
import { DELETED_DOCUMENT_GRACE_MS, type Examination, openRuns, UNNAMED_GRACE_MS } from './examination.ts';

/** Every document's bytes are there and, if asked for or once seen damaged, what they were. */
export async function checkBlobs(examination: Examination): Promise<void> {
  const { blobs } = examination.stores;
  const documents = await examination.all<{ id: string; filename: string; sha256: string }>(
    'SELECT id, filename, sha256 FROM document WHERE deleted_at IS NULL ORDER BY id',
  );
  const states = new Map<string, 'ok' | 'missing' | 'corrupt'>();
  const damaged = await blobs.damaged();
  examination.checked.documents = documents.length;
  for (const { id, filename, sha256 } of documents) {
    let state = states.get(sha256);
    if (state === undefined) {
      if (examination.options.deep === true || damaged.has(sha256)) state = await blobs.verify(sha256);
      else state = (await blobs.has(sha256)) ? 'ok' : 'missing';
      states.set(sha256, state);
      examination.checked.blobs += 1;
    }
    if (state === 'ok') continue;
    await examination.report({
      check: state === 'missing' ? 'blob-missing' : 'blob-corrupt',
      severity: 'error',
      subject: id,
      name: filename,
      message: `The content of ${filename} is ${state === 'missing' ? 'missing' : 'damaged'} (${sha256}).`,
      action: 'Upload the same file again: its content takes this place. Or restore it from a backup.',
    });
  }
}

/** Documents that were deleted long ago, and bytes that no document names. */
export async function checkUnusedBlobs(examination: Examination): Promise<void> {
  await checkExpiredDocuments(examination);
  const { blobs, ledger } = examination.stores;
  const isNamed = async (sha256: string): Promise<boolean> =>
    (await ledger.read.get('SELECT 1 AS one FROM document WHERE sha256 = :sha256 LIMIT 1', { sha256 })) !==
    undefined;
  const unused: string[] = [];
  for await (const sha256 of blobs.list({ idleMs: UNNAMED_GRACE_MS }))
    if (!(await isNamed(sha256))) unused.push(sha256);
  await reportUnused(examination, 'blob-unused', unused, async (sha256) => !(await isNamed(sha256)));
}

async function checkExpiredDocuments(examination: Examination): Promise<void> {
  const expired = await examination.all<{ id: string; filename: string }>(
    `SELECT id, filename FROM document WHERE deleted_at < :before AND NOT EXISTS (
       SELECT 1 FROM knowledge_base_document WHERE knowledge_base_document.document_id = document.id)`,
    { before: examination.now - DELETED_DOCUMENT_GRACE_MS },
  );
  for (const { id, filename } of expired) {
    await examination.report(
      {
        check: 'document-expired',
        severity: 'notice',
        subject: id,
        name: filename,
        message: `${filename} was deleted more than ${DELETED_DOCUMENT_GRACE_MS / 86_400_000} days ago.`,
        action: 'Its row is removed for good.',
      },
      () => examination.transaction((tx) => tx.run('DELETE FROM document WHERE id = :id', { id })),
    );
  }
}

/** What was derived and is named by nothing. While something is being derived, its name may be on its way. */
export async function checkUnusedDerived(examination: Examination): Promise<void> {
  const { derived, ledger } = examination.stores;
  const deriving = async (): Promise<boolean> =>
    (await openRuns(ledger.read, [INGEST_RUN, INDEX_RUN, REBUILD_RUN])).length > 0;
  if (await deriving()) return;
  const named = new Set<string>();
  for (const { summary } of await examination.all<{ summary: string | null }>(
    'SELECT summary FROM knowledge_base_document',
  )) {
    const { artifact } = JSON.parse(summary ?? '{}') as { artifact?: string };
    if (artifact !== undefined) named.add(artifact);
  }
  const unused: string[] = [];
  for await (const sha256 of derived.list({ idleMs: UNNAMED_GRACE_MS }))
    if (!named.has(sha256)) unused.push(sha256);
  await reportUnused(examination, 'derived-unused', unused, async () => !(await deriving()));
}

async function reportUnused(
  examination: Examination,
  check: 'blob-unused' | 'derived-unused',
  unused: readonly string[],
  isStillUnused: (sha256: string) => Promise<boolean>,
): Promise<void> {
  if (unused.length === 0) return;
  const store = check === 'blob-unused' ? examination.stores.blobs : examination.stores.derived;
  await examination.report(
    {
      check,
      severity: 'notice',
      subject: check === 'blob-unused' ? 'blobs' : 'derived',
      message:
        check === 'blob-unused'
          ? `${unused.length} stored contents belong to no document, such as an upload that broke off at its end.`
          : `${unused.length} things that were derived from documents are no longer needed.`,
      action: 'They are deleted.',
    },
    async () => {
      for (const sha256 of unused)
        if (await isStillUnused(sha256)) await store.delete(sha256, { idleMs: UNNAMED_GRACE_MS });
    },
  );
}

export async function checkTemporaryFiles(examination: Examination): Promise<void> {
  if (!examination.options.fix) return;
  const { blobs, derived } = examination.stores;
  const removed = (await blobs.sweep(examination.now)) + (await derived.sweep(examination.now));
  if (removed === 0) return;
  await examination.report(
    {
      check: 'temporary-files',
      severity: 'notice',
      subject: 'blobs',
      message: `${removed} temporary files were left behind by processes that were killed.`,
      action: 'They are deleted.',
    },
    async () => {},
  );
}
