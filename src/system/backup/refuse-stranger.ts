import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ReadableSnapshots, SnapshotManifest } from '../../recovery/ports.ts';
import { RESTORED_FROM, type RestoredFrom } from '../../recovery/restore/new-life.ts';
import { readPiece } from '../../recovery/tables/row-pieces.ts';
import type { Configuration } from '../configuration.ts';
import { INSTALLATION_ID } from '../installation-id.ts';
import { openLedger } from '../shared-stores.ts';

/**
 * The newest snapshot of a shared repository may be somebody else's; in the place of an installation that it has
 * nothing to do with, it is taken only when it is named.
 *
 * @throws BudaoError snapshot_of_another
 */
export async function refuseStranger(
  configuration: Configuration,
  manifest: SnapshotManifest,
  snapshots: ReadableSnapshots,
): Promise<void> {
  // A ledger that cannot be read is what a restore is for.
  const here = await lineageAt(configuration).catch(() => null);
  if (here === null) return;
  const there = await lineageOf(manifest, snapshots);
  if (!here.isDisjointFrom(there)) return;
  throw new BudaoError(
    'conflict',
    'snapshot_of_another',
    `The newest snapshot ${manifest.id} was taken of another installation (${manifest.installationId}) than the one ` +
      `that is here (${[...here][0]}). If that is what you want, name it: --snapshot ${manifest.id}. ` +
      '`budao backup list --json` shows whose the others are.',
  );
}

async function lineageAt(configuration: Configuration): Promise<Set<string> | null> {
  await using ledger = await openLedger(configuration);
  return await lineageHere(ledger);
}

/** This installation, and the one that it was restored from; null before its first start. */
export async function lineageHere(ledger: Ledger): Promise<Set<string> | null> {
  const read = (name: string): Promise<{ value: string } | undefined> =>
    ledger.read.get('SELECT value FROM setting WHERE name = :name', { name });
  const own = await read(INSTALLATION_ID);
  return own === undefined ? null : new Set([own.value, ...origin((await read(RESTORED_FROM))?.value)]);
}

async function lineageOf(manifest: SnapshotManifest, snapshots: ReadableSnapshots): Promise<Set<string>> {
  const lineage = new Set([manifest.installationId]);
  const { contents, objects } = await snapshots.read(manifest);
  const settings = contents.tables.find(({ name }) => name === 'setting')?.pieces ?? [];
  await objects.readMany(
    settings.map(({ sha256 }) => sha256),
    async (_, content) => {
      for (const { name, value } of readPiece(content))
        if (name === RESTORED_FROM) for (const id of origin(String(value))) lineage.add(id);
    },
  );
  return lineage;
}

function origin(value: string | undefined): string[] {
  return value === undefined ? [] : [(JSON.parse(value) as RestoredFrom).installationId];
}
