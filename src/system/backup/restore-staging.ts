/** A restore into a data folder happens beside what is there, and takes its place at the end by a few renames. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import { restoreUnfinished } from '../../recovery/restore/unfinished.ts';
import { makeFolderDurably, syncFolder, writeDurably } from '../../stores/files/durable-file.ts';
import { type DataFolder, dataFolderAt } from '../data-folder.ts';

const MARK = 'restore-unfinished.json';
const STAGING = 'restoring';
/** What belongs to one installation; the lock, the logs and what is known of repositories stay. */
const OWN = [
  'ledger.db',
  'ledger.db-wal',
  'ledger.db-shm',
  'blobs',
  'derived',
  'index',
  'secrets',
  'cache',
] as const;

interface Mark {
  snapshotId: string;
  /** Set when everything is there and only the renames are left: where the earlier content goes. */
  replaced: string | null;
}

/** @throws BudaoError restore_unfinished */
export function refuseUnfinishedFolder(folder: DataFolder): void {
  if (existsSync(join(folder.path, MARK))) throw restoreUnfinished(`The data folder ${folder.path}`);
}

/** Whether somebody's installation is there. */
export function isOccupied(folder: DataFolder): boolean {
  return existsSync(folder.ledger) || holdsBlobs(folder.blobs);
}

export class RestoreStaging {
  readonly folder: DataFolder;
  readonly #target: DataFolder;
  readonly #mark: string;

  private constructor(target: DataFolder) {
    this.#target = target;
    this.folder = dataFolderAt(join(target.path, STAGING));
    this.#mark = join(target.path, MARK);
  }

  /**
   * What a killed restore has left goes first. The caller holds the folder's lock.
   *
   * @returns null where only the last renames of this very restore were missing, and now it is done
   * @throws BudaoError restore_target_not_empty
   */
  static async begin(
    target: DataFolder,
    options: { snapshotId: string; replace: boolean },
  ): Promise<RestoreStaging | null> {
    const staging = new RestoreStaging(target);
    if ((await staging.#finishEarlier()) === options.snapshotId) return null;
    if (isOccupied(target) && !options.replace) {
      // A killed one that was to replace it has not touched it yet: it may start again as it is.
      await staging.abandon();
      throw new BudaoError(
        'conflict',
        'restore_target_not_empty',
        `The data folder ${target.path} holds an installation already. Choose another one with --data-dir, or give ` +
          '--replace: then it is put aside, and the snapshot takes its place.',
      );
    }
    await staging.#writeMark({ snapshotId: options.snapshotId, replaced: null });
    await rm(staging.folder.path, { recursive: true, force: true });
    await makeFolderDurably(staging.folder.path);
    return staging;
  }

  /** @returns where the earlier content was put; null where there was none */
  async takeTheirPlace(snapshotId: string, now: number): Promise<string | null> {
    const wasOccupied = isOccupied(this.#target);
    const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const replaced = join(this.#target.path, `replaced-${stamp}`);
    await syncFolder(this.folder.path);
    await this.#writeMark({ snapshotId, replaced });
    await this.#switch(replaced);
    if (wasOccupied) return replaced;
    // The empty folders of a start that came to nothing.
    await rm(replaced, { recursive: true, force: true });
    return null;
  }

  /** Leaves no trace; what was there before was not touched. */
  async abandon(): Promise<void> {
    await rm(this.folder.path, { recursive: true, force: true });
    await rm(this.#mark, { force: true });
  }

  /** May be begun again at any point. */
  async #switch(replaced: string): Promise<void> {
    await mkdir(replaced, { recursive: true, mode: 0o700 });
    for (const name of OWN) {
      const [present, old, fresh] = [this.#target.path, replaced, this.folder.path].map((path) =>
        join(path, name),
      ) as [string, string, string];
      const isMoved = existsSync(old) || (!existsSync(fresh) && hasFresh(name));
      if (existsSync(present) && !isMoved) await rename(present, old);
      if (existsSync(fresh)) await rename(fresh, present);
    }
    await syncFolder(this.#target.path);
    await this.abandon();
    await syncFolder(this.#target.path);
  }

  /** @returns the snapshot whose restore was all but done */
  async #finishEarlier(): Promise<string | null> {
    const mark = await readFile(this.#mark, 'utf8')
      .then((text) => JSON.parse(text) as Mark)
      .catch(() => null);
    if (mark === null || mark.replaced === null) return null;
    await this.#switch(mark.replaced);
    return mark.snapshotId;
  }

  #writeMark(mark: Mark): Promise<void> {
    return writeDurably(this.#mark, `${JSON.stringify(mark)}\n`);
  }
}

/** What every restored data folder has; without it among the new, it stands in its place already. */
function hasFresh(name: (typeof OWN)[number]): boolean {
  return name === 'ledger.db' || name === 'blobs' || name === 'derived' || name === 'secrets';
}

function holdsBlobs(path: string): boolean {
  try {
    return readdirSync(path).some((name) => /^[0-9a-f]{2}$/.test(name));
  } catch {
    return false;
  }
}
