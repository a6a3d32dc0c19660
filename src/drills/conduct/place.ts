/** Where drills work, and what they never work in. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { MARK_FILE } from '../undo/acts.ts';

const MIN_FREE_BYTES = 1_500 * 1024 * 1024;
/** What tells that a folder is an installation's. */
const SIGNS_OF_AN_INSTALLATION = ['ledger.db', 'lock.db', 'restore.json'];

export interface DrillPlace {
  drillId: string;
  /** Holds the journal and the laboratory; gone after the drill. */
  folder: string;
  laboratory: string;
}

/** @throws BudaoError drill_target_refused, drill_no_room */
export function makeDrillPlace(workDir: string): DrillPlace {
  refuseLivePlace(workDir);
  makeFolder(workDir);
  refuseNoRoom(workDir);
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const drillId = `drill_${day}_${randomBytes(4).toString('hex')}`;
  const folder = join(resolve(workDir), drillId);
  makeFolder(folder);
  writeFileSync(join(folder, MARK_FILE), drillId);
  const laboratory = join(folder, 'laboratory');
  makeFolder(laboratory);
  return { drillId, folder, laboratory };
}

/** Those that an earlier drill has left behind. */
export function drillFoldersIn(workDir: string): string[] {
  if (!existsSync(workDir)) return [];
  return readdirSync(workDir)
    .map((name) => join(resolve(workDir), name))
    .filter((folder) => existsSync(join(folder, MARK_FILE)));
}

/** A folder of an installation, or one inside of it, is none for experiments. */
function refuseLivePlace(workDir: string): void {
  for (let folder = resolve(workDir); ; folder = dirname(folder)) {
    const sign = SIGNS_OF_AN_INSTALLATION.find((name) => existsSync(join(folder, name)));
    if (sign !== undefined)
      throw new BudaoError(
        'conflict',
        'drill_target_refused',
        `${resolve(workDir)} belongs to an installation: ${join(folder, sign)} is there. ` +
          'Drills never work in a data folder: name another folder with --work-dir.',
      );
    if (folder === dirname(folder)) return;
  }
}

function refuseNoRoom(workDir: string): void {
  const { bavail, bsize } = statfsSync(workDir);
  if (bavail * bsize >= MIN_FREE_BYTES) return;
  const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
  throw new BudaoError(
    'conflict',
    'drill_no_room',
    `A laboratory needs ${megabytes(MIN_FREE_BYTES)} MB in ${resolve(workDir)}, and ${megabytes(bavail * bsize)} MB are free. ` +
      'Make room, or name another folder with --work-dir.',
  );
}

/** Passable, so that a database can run as its own user further inside; not readable. */
function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o711);
}
