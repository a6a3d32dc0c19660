import { scopeSql } from '../../ledger/scope.ts';
import { isTerminal, type RunFailure, type RunStatus } from '../../runs/run.ts';
import { INDEX_RUN } from '../ingest/inputs.ts';
import type { Generation } from '../library/knowledge-bases.ts';
import { findMembership } from '../library/membership-rows.ts';
import {
  type Membership,
  type MembershipStatus,
  type MembershipSummary,
  reingestDocument,
  saveProgress,
  submitIndexing,
} from '../library/memberships.ts';
import { type Examination, openRuns } from './examination.ts';

interface LinkRow {
  workspace_id: string;
  knowledge_base_id: string;
  document_id: string;
  filename: string | null;
  status: string;
  summary: string | null;
  failure: string | null;
  sha256: string | null;
  run_status: RunStatus | null;
  run_failure: string | null;
  generation: string;
}

type Link = Omit<LinkRow, 'summary'> & { parsed: Partial<MembershipSummary> };

/** Documents that wait for a run that does not exist, and those whose derived content is not what it must be. */
export async function checkDocuments(examination: Examination): Promise<void> {
  const rows = await examination.all<LinkRow>(
    `SELECT link.workspace_id, link.knowledge_base_id, link.document_id, link.status, link.summary,
       link.failure, document.filename AS filename, document.sha256 AS sha256, run.status AS run_status, run.failure AS run_failure, base.generation AS generation
     FROM knowledge_base_document AS link
     JOIN knowledge_base AS base ON base.id = link.knowledge_base_id AND base.deleted_at IS NULL
     LEFT JOIN document ON document.id = link.document_id
     LEFT JOIN run ON run.id = link.run_id
     ORDER BY link.knowledge_base_id, link.document_id`,
  );
  const indexing = new Set(
    (await openRuns(examination.stores.ledger.read, [INDEX_RUN])).map((run) => run.subject_id),
  );
  for (const { summary, ...row } of rows) {
    const link: Link = { ...row, parsed: JSON.parse(summary ?? '{}') as Partial<MembershipSummary> };
    const isWaitingForIndex =
      link.status === 'removing' || (link.status === 'in_progress' && link.parsed.phase === 'indexing');
    if (isWaitingForIndex) {
      if (!indexing.has(link.knowledge_base_id)) await reportUnindexed(examination, link);
    } else if (link.status === 'in_progress') {
      if (link.run_status === null || isTerminal(link.run_status)) await reportStuck(examination, link);
    } else if (
      link.status === 'failed' &&
      (link.parsed.passing === true || (await isHealed(examination, link)))
    ) {
      await reportRetry(examination, link);
    } else if (link.status === 'completed') {
      await checkDerived(examination, link);
    }
  }
}

async function reportUnindexed(examination: Examination, link: Link): Promise<void> {
  const { workspace_id, knowledge_base_id } = link;
  await examination.report(
    {
      check: 'document-stuck',
      severity: 'warning',
      subject: link.document_id,
      name: nameOf(link),
      message: `${nameOf(link)} waits for an index run, and there is none.`,
      action: 'An index run is submitted.',
    },
    () =>
      examination.transaction((tx) => submitIndexing(tx, workspace_id, knowledge_base_id, examination.now)),
  );
}

/** What a run was given up on is not tried again by itself: it may be what killed the workers. */
async function reportStuck(examination: Examination, link: Link): Promise<void> {
  const isGivenUp = link.run_status === 'failed' || link.run_status === 'cancelled';
  await examination.report(
    {
      check: 'document-stuck',
      severity: 'warning',
      subject: link.document_id,
      name: nameOf(link),
      message: isGivenUp
        ? `${nameOf(link)} was given up on while it was taken in.`
        : `${nameOf(link)} is marked as being taken in, and no run is at it.`,
      action: isGivenUp ? 'It is marked as such, with the reason.' : 'It is taken in again.',
    },
    () => (isGivenUp ? settle(examination, link) : reingest(examination, link)),
  );
}

async function settle(examination: Examination, link: Link): Promise<void> {
  const failure = JSON.parse(link.run_failure ?? 'null') as RunFailure | null;
  await examination.transaction(async (tx) => {
    const sql = scopeSql(tx, link.workspace_id);
    const membership = await findMembership(sql, link.knowledge_base_id, link.document_id);
    if (membership === null) return;
    const status = link.run_status as MembershipStatus;
    await saveProgress(sql, membership, { status, failure }, examination.now);
  });
}

/** Its content was missing or damaged when it was to be read, and has been stored anew since. */
async function isHealed({ stores }: Examination, { failure, sha256 }: Link): Promise<boolean> {
  const { code } = JSON.parse(failure ?? '{}') as { code?: string };
  if (code !== 'blob_missing' && code !== 'blob_corrupt') return false;
  return sha256 !== null && (await stores.blobs.verify(sha256)) === 'ok';
}

async function reportRetry(examination: Examination, link: Link): Promise<void> {
  await examination.report(
    {
      check: 'document-retry',
      severity: 'warning',
      subject: link.document_id,
      name: nameOf(link),
      message: `${nameOf(link)} failed for a reason that is gone, or passes by itself.`,
      action: 'It is taken in again.',
    },
    () => reingest(examination, link),
  );
}

async function checkDerived(examination: Examination, link: Link): Promise<void> {
  const { artifact, generation } = link.parsed;
  const current = (JSON.parse(link.generation) as Generation).id;
  const isThere = artifact !== undefined && (await isUsable(examination, artifact));
  if (isThere && generation === current) return;
  await examination.report(
    {
      check: 'derived-missing',
      severity: 'warning',
      subject: link.document_id,
      name: nameOf(link),
      message: isThere
        ? `What was derived from ${nameOf(link)} is for another index generation.`
        : `What was derived from ${nameOf(link)} is missing or damaged.`,
      action: 'The document is taken in again; until then its old chunks go on being found.',
    },
    () => reingest(examination, link),
  );
}

async function isUsable({ stores, options }: Examination, artifact: string): Promise<boolean> {
  if (options.deep === true) return (await stores.derived.verify(artifact)) === 'ok';
  return stores.derived.has(artifact);
}

/** Unless somebody has changed or removed it since it was looked at. */
async function reingest(examination: Examination, link: Link): Promise<void> {
  await examination.transaction(async (tx) => {
    const sql = scopeSql(tx, link.workspace_id);
    const membership: Membership | null = await findMembership(sql, link.knowledge_base_id, link.document_id);
    if (membership === null) return;
    await reingestDocument(tx, link.workspace_id, link.knowledge_base_id, link.document_id, examination.now);
  });
}

function nameOf(link: Link): string {
  return link.filename ?? link.document_id;
}
