import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../tests/support/free-port.ts';
import { DataFolderLock } from '../data-folder.ts';
import { checkClock } from './check-clock.ts';
import { checkDataFolder } from './check-data-folder.ts';
import { checkFileSystems, checkSpace } from './check-disk.ts';
import { checkPermissions } from './check-permissions.ts';
import { checkPort } from './check-port.ts';
import { mountIn } from './file-systems.ts';
import { results, TestPlace } from './testing.ts';

const isRoot = process.getuid?.() === 0;
const hasLoopDevices = isRoot && existsSync('/dev/loop-control') && existsSync('/usr/sbin/mkfs.ext4');
const HOUR_S = 3_600;

let installation: TestPlace;
let folders: string[];

beforeEach(async () => {
  installation = await TestPlace.make();
  folders = [];
});
afterEach(async () => {
  for (const folder of folders) execFileSync('umount', ['-l', folder]);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  await installation[Symbol.asyncDispose]();
});

async function mount(...options: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-doctor-mount-'));
  execFileSync('mount', [...options, folder]);
  folders.push(folder);
  return folder;
}

describe('doctor on the machine', () => {
  it('finds nothing where nothing is wrong', async () => {
    const place = await installation.at();
    expect(results(await checkFileSystems(place))).toEqual(['file-system ok']);
    expect(results(await checkPermissions(place))).toEqual(['permissions ok']);
    expect(results(await checkDataFolder(place))).toEqual(['data-folder ok']);
    expect(results(await checkPort(place))).toEqual(['port ok']);
    expect((await checkClock(place, null))[0]?.result).not.toBe('failed');
  });

  it.runIf(isRoot)('sees a file system that is mounted read-only (needs root)', async () => {
    const dataDir = await mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs');
    execFileSync('mount', ['-o', 'remount,ro', dataDir]);
    const place = await installation.at();
    const [outcome] = await checkFileSystems({
      ...place,
      configuration: { ...place.configuration, dataDir },
    });
    expect(outcome).toMatchObject({ result: 'failed', subject: dataDir, fixable: false });
    expect(outcome?.evidence.en).toMatch(/read-only/);
    expect(outcome?.evidence.zh).toMatch(/只读/);
  });

  it.runIf(hasLoopDevices)('sees that the kernel met an error and stopped writing (needs root)', async () => {
    const image = join(installation.root, 'disk.img');
    writeFileSync(image, '');
    await truncate(image, 8 * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', image]);
    const dataDir = await mount('-o', 'loop,errors=remount-ro', image);
    const device = mountIn(await readFile('/proc/self/mounts', 'utf8'), dataDir)?.device ?? '';
    const trigger = `/sys/fs/ext4/${basename(device)}/trigger_fs_error`;
    const place = await installation.at();
    const here = { ...place, configuration: { ...place.configuration, dataDir } };
    expect(results(await checkFileSystems(here))).toEqual(['file-system ok']);
    writeFileSync(trigger, 'doctor');
    expect(results(await checkFileSystems(here))).toEqual(['file-system failed']);
  });

  it.runIf(isRoot)('sees that inodes have run out while there is space (needs root)', async () => {
    const dataDir = await mount('-t', 'tmpfs', '-o', 'size=900m,nr_inodes=210', 'tmpfs');
    const place = await installation.at();
    const here = { ...place, configuration: { ...place.configuration, dataDir } };
    expect(results(await checkSpace(here))).toEqual(['space warning']);
    for (let index = 0; index < 50; index++) await writeFile(join(dataDir, `${index}`), '');
    const [outcome] = await checkSpace(here);
    expect(outcome).toMatchObject({ result: 'failed' });
    expect(outcome?.repair?.en).toMatch(/small files/);
  });

  it.runIf(isRoot)('sees a disk that is full (needs root)', async () => {
    const dataDir = await mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs');
    expect(() => writeFileSync(join(dataDir, 'ballast'), Buffer.alloc(2 * 1024 * 1024))).toThrow('ENOSPC');
    const place = await installation.at();
    const here = { ...place, configuration: { ...place.configuration, dataDir } };
    expect(results(await checkSpace(here))).toEqual(['space failed']);
    expect(results(await checkFileSystems(here))).toEqual(['file-system failed']);
  });

  it.runIf(isRoot)('sees files of another user, and secrets that others may read (needs root)', async () => {
    const { secrets, ledger } = (await installation.at()).folder;
    await writeFile(join(secrets, 'local-cli'), 'x');
    await chmod(join(secrets, 'local-cli'), 0o644);
    await chown(ledger, 12_345, 12_345);
    const outcomes = await checkPermissions(await installation.at());
    expect(results(outcomes)).toEqual(['permissions failed', 'permissions warning']);
    expect(outcomes[0]?.repair?.en).toContain('chown -R');
  });

  it('sees a data folder that is not there', async () => {
    const place = await installation.at();
    await rm(place.folder.path, { recursive: true });
    expect(results(await checkPermissions(place))).toEqual(['permissions failed']);
  });

  it('sees a restore that was broken off', async () => {
    const place = await installation.at();
    await writeFile(
      join(place.folder.path, 'restore-unfinished.json'),
      '{"snapshotId":"snap_1","replaced":null}',
    );
    const [outcome] = await checkDataFolder(place);
    expect(outcome).toMatchObject({ result: 'failed', fixable: false });
    expect(outcome?.repair?.en).toMatch(/same restore command again/);
  });

  it('removes old left-overs when asked to, and leaves young ones and what a restore put aside', async () => {
    const { folder } = await installation.at();
    const old = join(folder.path, '.tmp-99-0123456789ab');
    const young = join(folder.path, '.tmp-98-0123456789ab');
    const aside = join(folder.path, 'replaced-20260101T000000Z');
    for (const path of [old, young]) await writeFile(path, '');
    await mkdir(aside);
    const then = Date.now() / 1000 - 2 * HOUR_S;
    await utimes(old, then, then);
    expect(results(await checkDataFolder(await installation.at()))).toEqual([
      'data-folder warning',
      'data-folder warning',
    ]);
    const [left] = await checkDataFolder(await installation.at({ fix: true }));
    expect(left).toMatchObject({ fixable: true, fixed: true });
    expect([old, young, aside].map((path) => existsSync(path))).toEqual([false, true, true]);
  });

  it('says who holds the data folder, without taking it', async () => {
    const place = await installation.at();
    using _ = DataFolderLock.acquire(place.folder);
    const [outcome] = await checkDataFolder(place);
    expect(outcome?.evidence.en).toBe(`held by process ${process.pid}`);
  });

  it('names the program that has taken the port', async () => {
    const port = await freePort();
    const place = await installation.at();
    const here = { ...place, configuration: { ...place.configuration, host: '127.0.0.1', port } };
    expect(results(await checkPort(here))).toEqual(['port ok']);
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(port, '127.0.0.1', resolve));
    try {
      expect(results(await checkPort(here))).toEqual(['port warning']);
      using _ = DataFolderLock.acquire(place.folder);
      const [outcome] = await checkPort(here);
      expect(outcome).toMatchObject({ result: 'failed' });
      expect(outcome?.evidence.en).toContain(`process ${process.pid}`);
    } finally {
      thief.close();
    }
  });

  it('sees a service that is registered and does not answer', async () => {
    const port = await freePort();
    const place = await installation.at();
    const endpoint = { url: `http://127.0.0.1:${port}`, pid: process.pid };
    await writeFile(join(place.folder.path, 'endpoint.json'), JSON.stringify(endpoint));
    expect(results(await checkPort(place))).toEqual(['port failed']);
  });

  it('sees a clock that has jumped back behind what was written, by the files and by the rows', async () => {
    const place = await installation.at();
    const later = Date.now() / 1000 + HOUR_S;
    await utimes(place.folder.ledger, later, later);
    const [byFile] = await checkClock(place, null);
    expect(byFile).toMatchObject({ result: 'failed' });
    expect(byFile?.evidence.en).toMatch(/jumped back/);
    await utimes(place.folder.ledger, 1, 1);
    await installation.open(async ({ ledger }) => {
      await ledger.transaction((tx) =>
        tx.run('UPDATE setting SET updated_at = :later', { later: later * 1000 }),
      );
      expect(results(await checkClock(await installation.at(), ledger))).toEqual(['clock failed']);
    });
  });

  it('knows on which file system a path lies, with blanks in its name', () => {
    const table =
      '/dev/a / ext4 rw 0 0\n/dev/b /srv/my\\040data xfs rw,noatime 0 0\n/dev/c /srv/my ext4 ro 0 0\n';
    expect(mountIn(table, '/srv/my data/x')).toMatchObject({ device: '/dev/b', options: ['rw', 'noatime'] });
    expect(mountIn(table, '/srv/mydata')).toMatchObject({ device: '/dev/a' });
  });
});
