/** What was planned, in an order in which nothing is seen before it is whole, and which may be begun again anywhere. */
import type { BlobStore } from '../../../knowledge/ports.ts';
import type { Ledger, SqlRow } from '../../../ledger/ledger.ts';
import { copyContents, findMissing, type MissingContents, type NeededContents } from './copy-contents.ts';
import type { PartProgress } from './part.ts';
import type { PartPlan, PlannedRow } from './plan-part.ts';
import type { SnapshotLedger } from './snapshot-ledger.ts';
import { writeBase } from './write-base.ts';
import { writeConversation } from './write-conversation.ts';
import { inBatches, insertRow } from './write-rows.ts';

export interface Places {
  snapshot: SnapshotLedger;
  ledger: Ledger;
  blobs: BlobStore;
  derived: BlobStore;
}

export function neededContents(plan: PartPlan): NeededContents {
  const comesBack = ({ fate }: PlannedRow): boolean => fate !== 'there';
  const blobs = [...plan.documents.values()].filter(comesBack).map(({ row }) => String(row.sha256));
  const derived = plan.bases.flatMap(({ memberships }) => memberships.flatMap(artifactOf));
  return { blobs: new Set(blobs), derived: new Set(derived) };
}

export async function carryOut(
  plan: PartPlan,
  places: Places,
  options: { now: () => number; signal: AbortSignal; onProgress: (progress: PartProgress) => void },
): Promise<MissingContents> {
  const { snapshot, ledger } = places;
  const { now, signal } = options;
  const needed = neededContents(plan);
  const first = await copyAll(needed, places, options);
  const workspaceId = plan.workspace.id;
  if (plan.workspace.isNew) await writeWorkspace(plan, places, now());
  const coming = [...plan.documents.values()].filter(({ fate }) => fate !== 'there');
  const owned: SqlRow[] = [];
  for (const { row, id } of coming) {
    const account = row.account_id === null ? null : await plan.people.ownerOf(String(row.account_id));
    owned.push({ ...row, id, workspace_id: workspaceId, account_id: account, deleted_at: null });
  }
  const total = owned.length + plan.bases.length + plan.conversations.length;
  let done = 0;
  const tell = (): void => options.onProgress({ phase: 'rows', done: ++done, total, bytes: 0 });
  await inBatches(ledger, owned, signal, async (tx, row) => {
    await tx.run(
      'DELETE FROM document WHERE id = :id AND workspace_id = :workspaceId AND deleted_at IS NOT NULL',
      {
        id: row.id ?? '',
        workspaceId,
      },
    );
    await insertRow(tx, 'document', row);
    tell();
  });
  // Until their rows named them, contents that nobody had used for long might have been cleared away.
  await copyAll(onlyThere(needed, first), places, options);
  const base = {
    ledger,
    workspaceId,
    documentId: (old: string) => plan.documents.get(old)?.id ?? old,
    hasArtifact: (sha256: string) => first.derived.has(sha256) || first.there.has(sha256),
    now,
    signal,
  };
  for (const one of plan.bases) {
    if (one.fate === 'back') await writeBatches(places, String(one.row.id), workspaceId);
    await writeBase(base, one);
    tell();
  }
  const writing = { source: snapshot.ledger.read, ledger, workspaceId, now };
  for (const conversation of plan.conversations) {
    signal.throwIfAborted();
    if (conversation.fate !== 'there')
      await writeConversation({ ...writing, snapshotId: plan.snapshotId, people: plan.people }, conversation);
    tell();
  }
  return first;
}

async function copyAll(
  needed: NeededContents,
  places: Places,
  { signal, onProgress }: Parameters<typeof carryOut>[2],
): Promise<MissingContents> {
  const missing = await findMissing(needed, places, places.snapshot.contents);
  const total = missing.blobs.size + missing.derived.size;
  let done = 0;
  let bytes = 0;
  await copyContents(missing, places, places.snapshot.objects, {
    signal,
    onCopied(copied) {
      done += 1;
      bytes += copied;
      onProgress({ phase: 'content', done, total, bytes });
    },
  });
  return missing;
}

function onlyThere(needed: NeededContents, { there }: MissingContents): NeededContents {
  return { blobs: needed.blobs.intersection(there), derived: needed.derived.intersection(there) };
}

async function writeWorkspace(plan: PartPlan, { snapshot, ledger }: Places, now: number): Promise<void> {
  const source = snapshot.ledger.read;
  const { id } = plan.workspace;
  const workspace = await source.get<SqlRow>('SELECT * FROM workspace WHERE id = :id', { id });
  const members = await source.all<SqlRow>('SELECT * FROM membership WHERE workspace_id = :id', { id });
  const remaining: SqlRow[] = [];
  for (const member of members) {
    const account = await plan.people.remaining(String(member.account_id));
    if (account !== null) remaining.push({ ...member, account_id: account });
  }
  const { restorer } = plan.people;
  if (restorer !== null && !remaining.some(({ role }) => role === 'owner')) {
    const others = remaining.filter(({ account_id: account }) => account !== restorer.id);
    remaining.splice(0, remaining.length, ...others, {
      workspace_id: id,
      account_id: restorer.id,
      role: 'owner',
      created_at: now,
    });
  }
  await ledger.transaction(async (tx) => {
    if (!(await insertRow(tx, 'workspace', workspace ?? {}))) return;
    for (const member of remaining) await insertRow(tx, 'membership', member);
  });
}

async function writeBatches(
  { snapshot, ledger }: Places,
  baseId: string,
  workspaceId: string,
): Promise<void> {
  const batches = await snapshot.ledger.read.all<SqlRow>(
    'SELECT * FROM file_batch WHERE knowledge_base_id = :baseId',
    { baseId },
  );
  await ledger.transaction(async (tx) => {
    for (const batch of batches) await insertRow(tx, 'file_batch', { ...batch, workspace_id: workspaceId });
  });
}

function artifactOf({ summary }: SqlRow): string[] {
  const { artifact } = JSON.parse(String(summary ?? '{}')) as { artifact?: string };
  return artifact === undefined ? [] : [artifact];
}
