/** One archive from which a bare machine without a network is serving again by one command. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import { encrypt } from '../../recovery/repository/age.ts';
import { createRepository } from '../../recovery/repository/repository.ts';
import { signText } from '../../recovery/repository/signing.ts';
import type { SampleSize } from '../../recovery/snapshot/sampled-picture.ts';
import type { SnapshotProgress } from '../../recovery/snapshot/take-snapshot.ts';
import { syncFolder } from '../../stores/files/durable-file.ts';
import { signingKey } from '../backup/signing-key.ts';
import { performSnapshot, snapshotJob } from '../backup/snapshot-job.ts';
import { openStorage } from '../backup/storage.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { installationId } from '../installation-id.ts';
import { isAlive } from '../process-table.ts';
import { openLedger, openSecrets } from '../shared-stores.ts';
import { VERSION } from '../version.ts';
import { revealedConfiguration } from './kit-configuration.ts';
import {
  CHECKSUMS,
  CONFIGURATION_FILE,
  checksumLine,
  KIT_FOLDER,
  KIT_FORMAT,
  type KitManifest,
  type KnowledgeChoice,
  MANIFEST,
  MODELS_FOLDER,
  NODE_FILE,
  PROGRAM_FILE,
  REPOSITORY_FOLDER,
} from './kit-manifest.ts';
import { readmeEn, readmeZh, START_SCRIPT } from './kit-texts.ts';
import { NODE_PATH, PROGRAM_ROOT, programFiles } from './program-files.ts';
import { type FileEntry, tarOf, writeAll } from './tar-archive.ts';

/** Enough to show that it works, and to train with. */
const SAMPLE: SampleSize = { documentsPerBase: 50, maxBytes: 64 * 1024 * 1024 };
const NOTHING: SampleSize = { documentsPerBase: 0, maxBytes: 0 };

export type KitStep = 'snapshot' | 'program' | 'models' | 'archive';

export interface KitRequest {
  configuration: Configuration;
  out: string;
  knowledge: KnowledgeChoice;
  withModels: boolean;
  /** Who can restore from it, as age1…; at least one. */
  recipients: readonly string[];
  /** Of zstd, 1 to 19: how much time is spent on making it small. */
  level: number;
  signal: AbortSignal;
  onStep: (step: KitStep, snapshot?: SnapshotProgress) => void;
}

export interface MadeKit {
  path: string;
  bytes: number;
  /** Of each part, as it lies in the archive. */
  parts: { name: string; bytes: number }[];
  manifest: KitManifest;
  /** A model folder that the settings name and the kit lacks. */
  missingModel: string | null;
}

/**
 * Nothing is under the final name before everything is in it, synced.
 *
 * @throws BudaoError kit_invalid, storage_full, and those of a snapshot
 */
export async function makeKit(request: KitRequest): Promise<MadeKit> {
  const out = resolve(request.out);
  try {
    return await makeAt(out, request);
  } catch (error) {
    throw placeError(error, dirname(out)) ?? error;
  }
}

async function makeAt(out: string, request: KitRequest): Promise<MadeKit> {
  await refuseExisting(out);
  await removeLeftOvers(out);
  const staging = join(dirname(out), `.${basename(out)}.making-${process.pid}`);
  await mkdir(staging, { mode: 0o700 });
  try {
    const manifest = await fill(staging, request);
    request.onStep('archive');
    const names = await namesBelow(staging);
    const entries = await Promise.all(names.map((name) => entryOf(staging, name)));
    const archive = join(staging, '..', `.${basename(out)}.archive-${process.pid}`);
    try {
      await writeAll(
        tarOf(entries.map(inKitFolder)),
        createWriteStream(archive, { mode: 0o600, flush: true }),
      );
      request.signal.throwIfAborted();
      const { size } = await stat(archive);
      await rename(archive, out);
      await syncFolder(dirname(out));
      const missingModel = request.withModels ? null : modelFolderOf(request.configuration);
      return { path: out, bytes: size, parts: partsOf(entries), manifest, missingModel };
    } finally {
      await rm(archive, { force: true });
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** What is wrong with the folder that the kit is to lie in. */
function placeError(error: unknown, folder: string): BudaoError | null {
  const { code } = error as NodeJS.ErrnoException;
  const options = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `There is no room for the kit in ${folder}. It takes some 300 MiB beside the documents; make room, or name another place with --out.`;
    return new BudaoError('unavailable', 'storage_full', message, options);
  }
  const why = {
    ENOENT: 'is not there; make it, or mount it',
    ENOTDIR: 'is no folder',
    EACCES: 'may not be written by this user',
    EROFS: 'is on a file system that is mounted read-only',
  }[code ?? ''];
  if (why === undefined || error instanceof BudaoError) return null;
  const message = `The folder ${folder} ${why}. Or name another place with --out.`;
  return new BudaoError('invalid', 'kit_invalid', message, options);
}

async function fill(staging: string, request: KitRequest): Promise<KitManifest> {
  const { configuration, recipients, signal, level, onStep, withModels } = request;
  await using ledger = await openLedger(configuration);
  const id = await installationId(ledger);
  const signer = { installationId: id, privateKey: await signingKey(openSecrets(configuration)) };
  onStep('snapshot');
  const folder = join(staging, REPOSITORY_FOLDER);
  // A name of its own, so that nothing remembered of another kit is taken for this one.
  const name = `kit-${randomBytes(6).toString('hex')}`;
  const settings = { name, folder, bucket: null };
  await using storage = await openStorage(settings, { isNew: true });
  await createRepository(storage.storage, { signer, recipients, appendOnly: false });
  const job = snapshotJob(
    { ...configuration, backup: { ...configuration.backup, repositories: [settings] } },
    {
      input: { repository: name, label: 'kit', snapshotId: newId('snapshot') },
      installationId: id,
      clockAheadMs: ledgerTime() - Date.now(),
      sample: { whole: null, sample: SAMPLE, none: NOTHING }[request.knowledge],
    },
  );
  const snapshot = await performSnapshot(job, signal, (progress) => onStep('snapshot', progress));
  await rm(join(dataFolderAt(configuration.dataDir).backup, name), { recursive: true, force: true });
  const sealed = encrypt(
    Readable.from([Buffer.from(JSON.stringify(revealedConfiguration(configuration), null, 2))]),
    recipients,
  );
  await writeAll(sealed, createWriteStream(join(staging, CONFIGURATION_FILE), { flush: true }));
  onStep('program');
  await packProgram(staging, {
    level,
    signal,
    withOnnx: withModels && modelFolderOf(configuration) !== null,
  });
  onStep('models');
  const models = withModels ? await copyModels(staging, configuration, signal) : [];
  const { documents, conversations, workspaces } = snapshot.counts;
  const manifest: Omit<KitManifest, 'checksums'> = {
    format: KIT_FORMAT,
    createdAt: ledgerTime(),
    installationId: id,
    version: VERSION,
    schemaVersion: SCHEMA_VERSION,
    platform: { os: process.platform, arch: process.arch, node: process.versions.node },
    knowledge: request.knowledge,
    snapshotId: snapshot.id,
    counts: { documents, conversations, workspaces },
    models,
    recipients: [...recipients],
  };
  const texts = { ...manifest, checksums: '' };
  await writeFile(join(staging, 'start.sh'), START_SCRIPT, { mode: 0o755 });
  await writeFile(join(staging, 'README.txt'), readmeEn(texts));
  await writeFile(join(staging, 'README.zh.txt'), readmeZh(texts));
  const checksums = await writeChecksums(staging);
  const whole: KitManifest = { ...manifest, checksums };
  await writeFile(join(staging, MANIFEST), signText(whole, signer));
  return whole;
}

async function packProgram(
  staging: string,
  { level, signal, withOnnx }: { level: number; signal: AbortSignal; withOnnx: boolean },
): Promise<void> {
  const files = programFiles({ withOnnx });
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  await Promise.all([
    pipeline(
      Readable.from(tarOf(files), { objectMode: false }),
      createZstdCompress({ params }),
      createWriteStream(join(staging, PROGRAM_FILE), { flush: true }),
      { signal },
    ),
    pipeline(
      createReadStream(join(PROGRAM_ROOT, NODE_PATH)),
      createGzip({ level: Math.min(9, level) }),
      createWriteStream(join(staging, NODE_FILE), { flush: true }),
      { signal },
    ),
  ]);
}

function modelFolderOf({ embedder }: Configuration): string | null {
  return embedder !== null && 'folder' in embedder ? embedder.folder : null;
}

/** As they are: weights hardly get smaller. @returns the names of the folders */
async function copyModels(
  staging: string,
  configuration: Configuration,
  signal: AbortSignal,
): Promise<string[]> {
  const folder = modelFolderOf(configuration);
  if (folder === null) return [];
  const name = basename(resolve(folder));
  for (const file of await namesBelow(folder)) {
    const target = join(staging, MODELS_FOLDER, name, file);
    await mkdir(dirname(target), { recursive: true });
    await pipeline(createReadStream(join(folder, file)), createWriteStream(target, { flush: true }), {
      signal,
    });
  }
  return [name];
}

/** @returns the hash of the list itself */
async function writeChecksums(staging: string): Promise<string> {
  let text = '';
  for (const name of await namesBelow(staging)) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(staging, name)), hash);
    text += checksumLine(hash.digest('hex'), name);
  }
  await writeFile(join(staging, CHECKSUMS), text);
  return createHash('sha256')
    .update(await readFile(join(staging, CHECKSUMS)))
    .digest('hex');
}

async function namesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function entryOf(folder: string, name: string): Promise<FileEntry> {
  const path = join(folder, name);
  return { name, path, bytes: (await stat(path)).size, isExecutable: name === 'start.sh' };
}

function inKitFolder(entry: FileEntry): FileEntry {
  return { ...entry, name: `${KIT_FOLDER}/${entry.name}` };
}

function partsOf(entries: readonly FileEntry[]): MadeKit['parts'] {
  const parts = new Map<string, number>();
  for (const { name, bytes } of entries) {
    const part = name.split('/')[0] ?? name;
    parts.set(part, (parts.get(part) ?? 0) + bytes);
  }
  return [...parts].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

async function refuseExisting(out: string): Promise<void> {
  if ((await stat(out).catch(() => null)) === null) return;
  throw new BudaoError(
    'conflict',
    'kit_invalid',
    `${out} is there already, and was not touched. Name another file with --out, or remove that one.`,
  );
}

/** Of earlier makers of this file that were killed; one that is at work is left alone. */
async function removeLeftOvers(out: string): Promise<void> {
  const beginnings = [`.${basename(out)}.making-`, `.${basename(out)}.archive-`];
  for (const name of await readdir(dirname(out))) {
    const beginning = beginnings.find((one) => name.startsWith(one));
    if (beginning === undefined || isAlive(Number(name.slice(beginning.length)))) continue;
    await rm(join(dirname(out), name), { recursive: true, force: true });
  }
}
