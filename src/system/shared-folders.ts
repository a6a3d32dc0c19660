import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BudaoError } from '../contract/errors.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { makeFolderDurably, writeDurably } from '../stores/files/durable-file.ts';
import type { Configuration } from './configuration.ts';
import { installationId } from './installation-id.ts';

const MARK = '.budao-installation';

/**
 * A folder that nodes share bears the installation's mark from its first use on. Without the mark it is a mount point
 * with nothing mounted, or the wrong drive: what was stored there would be seen by no other node, and be gone once the
 * drive is back.
 *
 * @throws BudaoError shared_folder_missing, shared_folder_foreign
 */
export async function requireSharedFolders(configuration: Configuration, ledger: Ledger): Promise<void> {
  const { blobs, index } = configuration.stores;
  const id = await installationId(ledger);
  for (const [name, folder] of [
    ['blobs', blobs.folder],
    ['index', index.folder],
  ] as const) {
    if (folder !== null) await requireFolder(ledger, `cluster.folder.${name}`, folder, id);
  }
}

async function requireFolder(ledger: Ledger, setting: string, folder: string, id: string): Promise<void> {
  const found = await readMark(folder);
  if (found !== null && found !== id) {
    throw new BudaoError(
      'invalid',
      'shared_folder_foreign',
      `The shared folder ${folder} belongs to another installation. Give each installation a folder of its own.`,
    );
  }
  const known = await ledger.read.get('SELECT 1 AS one FROM setting WHERE name = :setting', { setting });
  if (known !== undefined && found === null) {
    throw new BudaoError(
      'unavailable',
      'shared_folder_missing',
      `The shared folder ${folder} is not there, or is another one than before. Mount it; it is tried again.`,
    );
  }
  if (known !== undefined) return;
  // In this order: a folder that the ledger knows of has its mark.
  await makeFolderDurably(folder);
  if (found === null) await writeDurably(join(folder, MARK), id);
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO setting (name, value, updated_at) VALUES (:setting, :folder, :now) ON CONFLICT (name) DO NOTHING`,
      { setting, folder, now: ledgerTime() },
    ),
  );
}

/** Null when there is none. A folder that cannot be looked into counts as missing. */
async function readMark(folder: string): Promise<string | null> {
  return readFile(join(folder, MARK), 'utf8').catch(() => null);
}
