/** A workspace, knowledge base, conversation or document comes back beside what is there, out of any kept snapshot. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BudaoError } from '../../../contract/errors.ts';
import { ledgerTime } from '../../../ledger/clock.ts';
import type { Candidate, SeveralRepositories } from '../../../recovery/repository/several-repositories.ts';
import { refuseNewer } from '../../../recovery/restore/restore-snapshot.ts';
import { isCluster } from '../../configuration.ts';
import { dataFolderAt } from '../../data-folder.ts';
import { requireSharedPlaces } from '../../shared-places.ts';
import { openBlobs, openLedger } from '../../shared-stores.ts';
import { openSeveralWith } from '../open-several.ts';
import { lineageHere } from '../refuse-stranger.ts';
import { type BackupConfiguration, repositoriesToRead } from '../repositories.ts';
import { carryOut, neededContents, type Places } from './carry-out.ts';
import { findMissing, type MissingContents } from './copy-contents.ts';
import { newestWithPart } from './newest-with-part.ts';
import type { Fate, PartProgress, PartReport, PartSelector } from './part.ts';
import { type PartPlan, type PlannedRow, planPart } from './plan-part.ts';
import { openSnapshotLedger, type SnapshotLedger } from './snapshot-ledger.ts';

const MOST_ITEMS = 200;

/** Everything is plain, so that it can be handed to a thread. */
export interface PartJob {
  configuration: BackupConfiguration;
  selector: PartSelector;
  /** Null for all that the settings name. */
  repository: string | null;
  /** Null for the newest one that has it. */
  snapshotId: string | null;
  identities: readonly string[];
  into: string | null;
  restorer: string | null;
  dryRun: boolean;
}

export interface RestorePart extends PartJob {
  signal: AbortSignal;
  onProgress: (progress: PartProgress) => void;
}

/**
 * Never overwrites what is there, and may be killed anywhere: begun again it goes on, and nothing comes back twice.
 *
 * @throws BudaoError part_not_found, part_ambiguous, workspace_missing, restorer_missing, and those of repositories
 */
export async function restorePart(request: RestorePart): Promise<PartReport> {
  const { configuration, selector, identities, onProgress, signal } = request;
  const startedMs = performance.now();
  const scratchFolder = join(dataFolderAt(configuration.dataDir).cache, 'backup');
  await mkdir(scratchFolder, { recursive: true, mode: 0o700 });
  await using cleanup = new AsyncDisposableStack();
  const ledger = cleanup.use(await openLedger(configuration));
  if (isCluster(configuration)) await requireSharedPlaces(configuration, ledger);
  const stores = cleanup.use(await openBlobs(configuration));
  const settings = repositoriesToRead(configuration, request.repository);
  const { several } = cleanup.use(
    await openSeveralWith(configuration, settings, { identities, scratchFolder, isHeld: !request.dryRun }),
  );
  const candidate = await choose(several, request);
  const { manifest } = candidate;
  refuseNewer(manifest);
  const snapshot = cleanup.use(
    await openSnapshotLedger({ manifest, snapshots: several.open(candidate) }, selector.kind, {
      path: join(scratchFolder, `part-${randomUUID()}.db`),
      signal,
      onBytes: (done, total) => onProgress({ phase: 'reading', done, total, bytes: done }),
    }),
  );
  const places: Places = { snapshot, ledger, blobs: stores.blobs, derived: stores.derived };
  const plan = await planPart({
    source: snapshot.ledger.read,
    target: ledger.read,
    snapshotId: manifest.id,
    selector,
    into: request.into,
    restorer: request.restorer,
  });
  const missing = request.dryRun
    ? await findMissing(neededContents(plan), places, snapshot.contents)
    : await carryOut(plan, places, { now: ledgerTime, signal, onProgress });
  const here = await lineageHere(ledger);
  return {
    ...reportOf(plan, snapshot, missing),
    snapshot: { id: manifest.id, createdAt: manifest.createdAt, installationId: manifest.installationId },
    repositories: candidate.holders.map(({ name }) => name),
    used: several.used,
    troubles: several.troubles,
    isOfAnother: here !== null && !here.has(manifest.installationId),
    tookSeconds: request.dryRun ? null : round((performance.now() - startedMs) / 1000),
  };
}

async function choose(
  several: SeveralRepositories,
  { snapshotId, selector }: RestorePart,
): Promise<Candidate> {
  const all = await several.list();
  const chosen =
    snapshotId === null
      ? await newestWithPart(several, all, selector)
      : all.find(({ manifest }) => manifest.id === snapshotId);
  if (chosen !== undefined) return chosen;
  const why = several.troubles.map(({ repository, message }) => ` ${repository}: ${message}`).join('');
  throw new BudaoError(
    'not_found',
    'snapshot_not_found',
    `There is ${snapshotId === null ? 'no snapshot' : `no snapshot ${snapshotId}`} in what could be read.${why} ` +
      '`budao backup list` shows what is there.',
  );
}

type FromPlan = Omit<
  PartReport,
  'snapshot' | 'repositories' | 'used' | 'troubles' | 'isOfAnother' | 'tookSeconds'
>;

function reportOf(plan: PartPlan, snapshot: SnapshotLedger, missing: MissingContents): FromPlan {
  const { kind, what, workspace, people, items } = plan;
  const sizes = [...missing.blobs.values(), ...missing.derived.values()];
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const documents = [...plan.documents.values()];
  const rows = documents.length + plan.bases.reduce((sum, { memberships }) => sum + memberships.length, 0);
  return {
    what: { kind, id: what.id, name: what.name },
    workspace,
    items: items.slice(0, MOST_ITEMS),
    itemsNotShown: Math.max(0, items.length - MOST_ITEMS),
    documents: countFates(documents),
    conversations: countFates(plan.conversations),
    knowledgeBases: countFates(plan.kind === 'document' ? [] : plan.bases),
    blobs: { needed: sizes.length, bytes, there: missing.there.size },
    people: people.moved,
    leftOut: leftOutOf(plan, missing),
    // Writing takes about as long as reading the same rows into a file did.
    estimatedSeconds: round(
      bytes / Math.max(1, snapshot.bytesPerSecond) + (2 * rows) / Math.max(1, snapshot.rowsPerSecond),
    ),
  };
}

function leftOutOf(plan: PartPlan, { lost }: MissingContents): PartReport['leftOut'] {
  const documents = [...plan.documents.values()].filter(
    ({ row, fate }) => fate !== 'there' && lost.has(String(row.sha256)),
  );
  const keys = { name: 'API keys', reason: 'they stay deleted; make new ones with `budao keys create`' };
  return [
    ...documents.map(({ row }) => ({
      name: String(row.filename),
      reason: 'its content was damaged or missing before the snapshot was taken',
    })),
    ...(plan.workspace.isNew ? [keys] : []),
  ];
}

function countFates(planned: readonly PlannedRow[]): Record<Fate, number> {
  const counts = { back: 0, copy: 0, there: 0 };
  for (const { fate } of planned) counts[fate] += 1;
  return counts;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
