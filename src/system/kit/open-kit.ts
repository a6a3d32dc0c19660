/** In a kit that was unpacked on a bare machine: restores what it holds, once, and says how to start. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BudaoError } from '../../contract/errors.ts';
import { AgeError, decrypt } from '../../recovery/repository/age.ts';
import { keyWrong } from '../../recovery/repository/errors.ts';
import type { RestoreProgress } from '../../recovery/restore/restore-snapshot.ts';
import { writeDurably } from '../../stores/files/durable-file.ts';
import { readKeyFile } from '../backup/repositories.ts';
import { restore } from '../backup/restore.ts';
import { isTargetOccupied } from '../backup/restore-installation.ts';
import { refuseUnfinishedFolder } from '../backup/restore-staging.ts';
import { loadConfiguration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';
import { forBareMachine } from './kit-configuration.ts';
import {
  CHECKSUMS,
  CONFIGURATION_FILE,
  kitDamaged,
  MANIFEST,
  MODELS_FOLDER,
  REPOSITORY_FOLDER,
  readKitManifest,
} from './kit-manifest.ts';

export const RUN_FILE = 'budao.yaml';
const THEN_FILE = 'configuration-of-then.yaml';

export interface OpenKit {
  /** The folder that the archive was unpacked into. */
  kit: string;
  keyFile: string | null;
  dataDir: string | null;
  host: string | null;
  port: number | null;
  onProgress: (progress: RestoreProgress) => void;
}

export interface OpenedKit {
  /** Null where everything had been restored before. */
  snapshotId: string | null;
  dataDir: string;
  configFile: string;
}

/** @throws BudaoError kit_damaged, recovery_key_missing, recovery_key_wrong, and those of a restore */
export async function openKit({
  kit,
  keyFile,
  dataDir,
  host,
  port,
  onProgress,
}: OpenKit): Promise<OpenedKit> {
  const { manifest } = readKitManifest(await readFile(join(kit, MANIFEST), 'utf8').catch(() => ''));
  const configFile = join(kit, RUN_FILE);
  const target = resolve(dataDir ?? join(kit, 'data'));
  if (await isThere(target)) {
    const present = await readFile(configFile, 'utf8').catch(() => null);
    if (present !== null) {
      const settings = JSON.parse(present) as Record<string, unknown>;
      const changed = {
        ...settings,
        dataDir: target,
        ...(host === null ? {} : { host }),
        ...(port === null ? {} : { port }),
      };
      await writeDurably(configFile, `${JSON.stringify(changed, null, 2)}\n`);
      return { snapshotId: null, dataDir: target, configFile };
    }
  }
  if (keyFile === null) {
    throw new BudaoError(
      'invalid',
      'recovery_key_missing',
      `The recovery key opens the kit: give its file with --key. The kit names its keys: ${manifest.recipients.join(', ')}.`,
    );
  }
  await checkList(kit, manifest.checksums);
  const settings = await unseal(join(kit, CONFIGURATION_FILE), keyFile);
  const [model] = manifest.models;
  const bare = forBareMachine(settings, {
    dataDir: target,
    host,
    port,
    modelFolder: model === undefined ? null : join(kit, MODELS_FOLDER, model),
  });
  await writeDurably(join(kit, THEN_FILE), `${JSON.stringify(settings, null, 2)}\n`);
  await writeDurably(configFile, `${JSON.stringify(bare, null, 2)}\n`);
  const configuration = loadConfiguration({}, { configFile });
  // An earlier opening may have been killed between the restore and the settings.
  if (!(await isThere(target))) {
    const repository = join(kit, REPOSITORY_FOLDER);
    await restore({
      configuration,
      repository,
      keyFile,
      snapshotId: manifest.snapshotId,
      replace: false,
      dryRun: false,
      onProgress,
    });
  }
  return { snapshotId: manifest.snapshotId, dataDir: target, configFile };
}

/** Whole: what a killed restore has left is not. */
async function isThere(dataDir: string): Promise<boolean> {
  try {
    refuseUnfinishedFolder(dataFolderAt(dataDir));
  } catch {
    return false;
  }
  return isTargetOccupied(loadConfiguration({}, { dataDir }));
}

async function checkList(kit: string, expected: string): Promise<void> {
  const list = await readFile(join(kit, CHECKSUMS)).catch(() => Buffer.alloc(0));
  if (createHash('sha256').update(list).digest('hex') !== expected) throw kitDamaged(CHECKSUMS);
}

async function unseal(path: string, keyFile: string): Promise<Record<string, unknown>> {
  const identities = await readKeyFile(keyFile);
  try {
    const plain = await buffer(decrypt(createReadStream(path), identities));
    return JSON.parse(plain.toString('utf8')) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof AgeError && error.reason === 'no identity') throw keyWrong(CONFIGURATION_FILE);
    throw kitDamaged(CONFIGURATION_FILE);
  }
}
