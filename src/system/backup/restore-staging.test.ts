import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolder, dataFolderAt } from '../data-folder.ts';
import { RestoreStaging, refuseUnfinishedFolder } from './restore-staging.ts';

const NOW = Date.UTC(2026, 10, 21, 12);

let target: DataFolder;
beforeEach(async () => {
  target = dataFolderAt(await mkdtemp(join(tmpdir(), 'budao-staging-')));
});
afterEach(() => rm(target.path, { recursive: true, force: true }));

async function fill(folder: DataFolder, what: string): Promise<void> {
  for (const path of [folder.blobs, folder.derived, folder.secrets]) await mkdir(path, { recursive: true });
  await writeFile(folder.ledger, what);
  await mkdir(join(folder.blobs, 'ab'), { recursive: true });
  await writeFile(join(folder.blobs, 'ab/blob'), what);
}

async function old(): Promise<void> {
  await fill(target, 'old');
  await mkdir(target.index);
  await writeFile(join(target.path, 'ledger.db-wal'), 'old log');
}

const content = (): Promise<string> => readFile(target.ledger, 'utf8');
const begin = (replace = false): Promise<RestoreStaging | null> =>
  RestoreStaging.begin(target, { snapshotId: 'snap', replace });

async function mark(replaced: string | null): Promise<void> {
  await writeFile(
    join(target.path, 'restore-unfinished.json'),
    JSON.stringify({ snapshotId: 'snap', replaced }),
  );
}

describe('a restore beside what is there', () => {
  it('leaves an installation alone without an explicit word', async () => {
    await old();
    await expect(begin()).rejects.toMatchObject({ code: 'restore_target_not_empty' });
    refuseUnfinishedFolder(target);
    expect(await content()).toBe('old');
  });

  it('keeps the service from starting until it is done, and puts aside whatever was there', async () => {
    await old();
    const staging = await begin(true);
    expect(() => refuseUnfinishedFolder(target)).toThrow(/one half of a restore/);
    await fill((staging as RestoreStaging).folder, 'new');
    const replaced = (await staging?.takeTheirPlace('snap', NOW)) ?? '';
    refuseUnfinishedFolder(target);
    expect(await content()).toBe('new');
    expect((await readdir(target.path)).toSorted()).toEqual([
      'blobs',
      'derived',
      'ledger.db',
      'replaced-20261121T120000Z',
      'secrets',
    ]);
    expect((await readdir(replaced)).toSorted()).toEqual([
      'blobs',
      'derived',
      'index',
      'ledger.db',
      'ledger.db-wal',
      'secrets',
    ]);
  });

  it('begins anew after a kill in the middle', async () => {
    await fill((await begin())?.folder as DataFolder, 'half');
    const again = await begin();
    expect(await readdir((again as RestoreStaging).folder.path)).toEqual([]);
  });

  it('gives what was there free again when the killed replacement is not repeated', async () => {
    await old();
    await begin(true);
    expect(() => refuseUnfinishedFolder(target)).toThrow(/one half of a restore/);
    await expect(begin()).rejects.toMatchObject({ code: 'restore_target_not_empty' });
    refuseUnfinishedFolder(target);
    expect(await content()).toBe('old');
  });

  it('after a failure leaves what was there, which may start again', async () => {
    await old();
    const staging = await begin(true);
    await fill((staging as RestoreStaging).folder, 'half');
    await staging?.abandon();
    refuseUnfinishedFolder(target);
    expect(await content()).toBe('old');
  });

  it('goes on with its last renames from wherever it was killed', async () => {
    const names = ['ledger.db', 'ledger.db-wal', 'blobs', 'derived', 'index', 'secrets'];
    const replaced = join(target.path, 'replaced-then');
    const staged = join(target.path, 'restoring');
    for (let steps = 0; steps <= 2 * names.length; steps++) {
      await rm(target.path, { recursive: true });
      await mkdir(target.path);
      await old();
      await fill(dataFolderAt(staged), 'new');
      await mkdir(replaced);
      await mark(replaced);
      // As far as the killed one had come.
      for (const [position, name] of names.entries()) {
        if (steps > 2 * position) await rename(join(target.path, name), join(replaced, name));
        if (steps > 2 * position + 1)
          await rename(join(staged, name), join(target.path, name)).catch(() => {});
      }
      expect([steps, await begin()]).toEqual([steps, null]);
      expect(await content()).toBe('new');
      expect(await readFile(join(target.path, 'blobs/ab/blob'), 'utf8')).toBe('new');
      expect(await readFile(join(replaced, 'blobs/ab/blob'), 'utf8')).toBe('old');
      expect(await readdir(target.path)).not.toContain('ledger.db-wal');
      refuseUnfinishedFolder(target);
    }
  });
});
