/**
 * npm run bench:recovery [-- --documents N] [--kills N] [--no-service] [--json]
 *
 * Snapshot and restore of a large installation, next to `tar | zstd` of the same data in the same run; the second
 * snapshot of an unchanged installation; the way of the sample from a snapshot to its first answered question; and what
 * is lost of acknowledged writes when everything is killed under load (--kills N).
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeRepository } from '../../src/system/backup/make-repository.ts';
import { makeSnapshot } from '../../src/system/backup/make-snapshot.ts';
import { restore } from '../../src/system/backup/restore.ts';
import { type Configuration, loadConfiguration } from '../../src/system/configuration.ts';
import { makeInstallation } from './make-installation.ts';
import { measurePointInTimeLoss } from './point-in-time.ts';
import { measureSample } from './sample.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '50000' },
    kills: { type: 'string', default: '10' },
    'no-service': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const MIB = 1024 * 1024;
const place = await mkdtemp(join(tmpdir(), 'budao-bench-recovery-'));
const results: Record<string, number> = {};

try {
  await measureLarge(Number(values.documents));
  if (!values['no-service']) {
    results.sampleToAnswerSeconds = await measureSample(join(place, 'sample'));
    const loss = await measurePointInTimeLoss(join(place, 'loss'), Number(values.kills));
    Object.assign(results, {
      pointInTimeKills: loss.rounds,
      pointInTimeAcknowledged: loss.acknowledged,
      pointInTimeLost: loss.lost,
      pointInTimeOldestLostSeconds: loss.oldestLostSeconds,
    });
    say(
      `point-in-time loss: ${loss.lost} of ${loss.acknowledged} acknowledged writes in ${loss.rounds} kills, the oldest ` +
        `acknowledged ${loss.oldestLostSeconds.toFixed(2)} s before the kill`,
    );
  }
  if (values.json) console.log(JSON.stringify(results, null, 2));
} finally {
  await rm(place, { recursive: true, force: true });
}

async function measureLarge(documents: number): Promise<void> {
  const laptop = await configure('data');
  await makeInstallation(laptop.dataDir, documents);
  const bytes = await sizeOf(laptop.dataDir);
  say(`${documents} documents, ${(bytes / MIB).toFixed(0)} MiB of rows and files`);
  const archive = join(place, 'reference.tar.zst');
  const pack = await seconds('tar | zstd', bytes, async () => {
    shell(`tar -C "$1" -cf - ledger.db blobs derived | zstd -q -3 -T1 -o "$2"`, laptop.dataDir, archive);
  });
  const keyFile = join(place, 'recovery.key');
  await makeRepository({
    configuration: laptop,
    repository: null,
    recipients: [],
    keyFile,
    appendOnly: false,
  });
  const take = (): Promise<unknown> =>
    makeSnapshot({
      configuration: laptop,
      repository: null,
      label: null,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
  const first = await seconds('first snapshot (zstd, age, hashes)', bytes, take);
  results.secondSnapshotSeconds = await seconds('second snapshot, unchanged', bytes, take);
  say(
    `repository ${((await sizeOf(join(place, 'repository'))) / MIB).toFixed(1)} MiB, tar.zst ${((await stat(archive)).size / MIB).toFixed(1)} MiB`,
  );
  const unpacked = join(place, 'unpacked');
  const unpack = await seconds('zstd -d | tar x', bytes, async () => {
    shell('mkdir "$1" && zstd -q -dc "$2" | tar -C "$1" -xf - && sync -f "$1"', unpacked, archive);
  });
  // It stays until the end: for some seconds after many files were deleted, ext4 is slow to make others.
  const target = await configure('restored');
  const back = await seconds('restore (every byte through its hash, durable)', bytes, () =>
    restore({
      configuration: target,
      repository: null,
      keyFile,
      snapshotId: null,
      replace: false,
      dryRun: false,
      onProgress: () => {},
    }),
  );
  results.snapshotAgainstTar = pack / first;
  results.restoreAgainstTar = unpack / back;
  say(
    `snapshot at ${(pack / first).toFixed(2)} of tar | zstd (goal 0.7), restore at ${(unpack / back).toFixed(2)} (goal 0.7)`,
  );
  say(`second snapshot ${results.secondSnapshotSeconds.toFixed(2)} s (goal 3)`);
}

async function configure(name: string): Promise<Configuration> {
  const configFile = join(place, `${name}.yaml`);
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await writeFile(configFile, JSON.stringify({ backup: { repositories } }));
  return loadConfiguration({}, { configFile, dataDir: join(place, name) });
}

async function seconds(what: string, bytes: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  const taken = (performance.now() - startedAt) / 1000;
  say(
    `  ${what.padEnd(48)} ${taken.toFixed(2).padStart(8)} s  ${(bytes / MIB / taken).toFixed(1).padStart(7)} MiB/s`,
  );
  return taken;
}

function shell(line: string, ...args: string[]): void {
  execFileSync('sh', ['-c', line, 'sh', ...args]);
}

/** Of files alone: what `tar` would read. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

function say(line: string): void {
  if (!values.json) console.log(line);
}
