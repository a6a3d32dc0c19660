/**
 * Makes an installation of its own out of a ledger that somebody else has brought back: the database server from its
 * archive, or a copy of a whole machine. Without it the two would take one another's work.
 */

import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import { requestReindex } from '../../knowledge/ingest/reindex.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { beginNewLife } from '../../recovery/restore/new-life.ts';
import { type Configuration, isCluster } from '../configuration.ts';
import { DataFolderLock, dataFolderAt, prepareDataFolder } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import { readInstallationState } from '../installation-state.ts';
import { takeSharedPlaces } from '../shared-places.ts';
import { openBlobs, openLedger } from '../shared-stores.ts';
import { dropIndexes } from './restore-installation.ts';

const ROWS_AT_ONCE = 500;
const MOST_NAMED = 20;

export interface Adopted {
  before: string;
  /** Null for a dry run. */
  installationId: string | null;
  documents: number;
  /** Documents whose content is not in the store; the first of them by name. */
  missing: number;
  missingNames: string[];
}

/** @throws BudaoError restore_target_in_use, data_folder_in_use */
export async function adoptInstallation(
  configuration: Configuration,
  { dryRun }: { dryRun: boolean },
): Promise<Adopted> {
  const folder = dataFolderAt(configuration.dataDir);
  await prepareDataFolder(folder);
  using _ = DataFolderLock.acquire(folder);
  if ((await readInstallationState(folder, configuration)).running) throw inUse();
  await using ledger = await openLedger(configuration);
  const before = await installationId(ledger);
  const found = await countMissing(configuration, ledger);
  if (dryRun) return { before, installationId: null, ...found };
  const id = newId('installation');
  if (isCluster(configuration)) await takeSharedPlaces(configuration, id, { replace: true });
  const now = ledgerTime();
  await ledger.transaction(async (tx) => {
    const from = { snapshotId: 'adopted', installationId: before, takenAt: now, restoredAt: now };
    await beginNewLife(tx, from, { installationId: id, retiredKeyHashes: [] });
    const bases = await tx.all<{ id: string; workspace_id: string }>(
      'SELECT id, workspace_id FROM knowledge_base WHERE deleted_at IS NULL ORDER BY id',
    );
    for (const base of bases) await requestReindex(tx, base.workspace_id, base.id, null, now);
  });
  await dropIndexes(configuration);
  return { before, installationId: id, ...found };
}

async function countMissing(
  configuration: Configuration,
  ledger: Ledger,
): Promise<Pick<Adopted, 'documents' | 'missing' | 'missingNames'>> {
  await using stores = await openBlobs(configuration);
  const found = { documents: 0, missing: 0, missingNames: [] as string[] };
  for (let after = ''; ; ) {
    const rows = await ledger.read.all<{ id: string; sha256: string; filename: string }>(
      `SELECT id, sha256, filename FROM document WHERE deleted_at IS NULL AND id > :after ORDER BY id LIMIT ${ROWS_AT_ONCE}`,
      { after },
    );
    for (const { id, sha256, filename } of rows) {
      after = id;
      found.documents += 1;
      if (await stores.blobs.has(sha256)) continue;
      found.missing += 1;
      if (found.missingNames.length < MOST_NAMED) found.missingNames.push(filename);
    }
    if (rows.length < ROWS_AT_ONCE) return found;
  }
}

function inUse(): BudaoError {
  return new BudaoError(
    'conflict',
    'restore_target_in_use',
    'Processes of the service work with this ledger, or did a few seconds ago. Stop them on every node, and ask again.',
  );
}
