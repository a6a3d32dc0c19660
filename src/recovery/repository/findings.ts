/** What a verification finds, each with the action to take. */
import { BudaoError } from '../../contract/errors.ts';
import type { ManifestPack } from '../ports.ts';
import { DESCRIPTION_KEY, indexKey, packKey, README_KEY } from './layout.ts';
import { vanishedKey } from './published.ts';

export interface Finding {
  code: FindingCode;
  /** A warning costs no data. */
  severity: 'error' | 'warning';
  /** The file that it is about; null where it is about none. */
  key: string | null;
  message: string;
  /** Ids of the snapshots that cannot be restored whole. */
  snapshots: readonly string[];
}

export type FindingCode =
  | 'description_damaged'
  | 'readme_damaged'
  | 'signer_damaged'
  | 'snapshot_unreadable'
  | 'snapshot_vanished'
  | 'snapshot_incomplete'
  | 'pruning_record_damaged'
  | 'pack_missing'
  | 'pack_damaged'
  | 'index_missing'
  | 'index_damaged'
  | 'file_unreferenced'
  | 'stream_damaged'
  | 'stream_broken'
  | 'recovery_key_wrong';

const COPY_BACK = 'Put it back from a copy of the repository';
const ANEW =
  'Take a new snapshot now: what this installation still has is stored anew. Then check the disk, and restore older states from another repository';

export const findings = {
  description: (error: unknown) =>
    finding('description_damaged', 'error', DESCRIPTION_KEY, `${wordsOf(error)} ${COPY_BACK}.`),
  readme: () =>
    finding(
      'readme_damaged',
      'warning',
      README_KEY,
      `${README_KEY} is missing or was changed. ${COPY_BACK}; data is not concerned.`,
    ),
  signer: (key: string, error: unknown) => finding('signer_damaged', 'error', key, wordsOf(error)),
  manifest: (key: string, error: unknown) => finding('snapshot_unreadable', 'error', key, wordsOf(error)),
  vanished: (name: string) =>
    finding(
      'snapshot_vanished',
      'error',
      vanishedKey(name),
      `The snapshot ${name} was published by this installation and is gone, and no pruning took it away. ${COPY_BACK}, and look who can delete there.`,
    ),
  pruning: (key: string) =>
    finding(
      'pruning_record_damaged',
      'warning',
      key,
      `${key} is damaged or signed by nobody who is known here. ${COPY_BACK}, or remove it.`,
    ),
  packMissing: (pack: ManifestPack, snapshots: readonly string[]) =>
    finding(
      'pack_missing',
      'error',
      packKey(pack.name),
      `The pack ${pack.name} is gone. ${ANEW}.`,
      snapshots,
    ),
  packSize: (pack: ManifestPack, bytes: number, snapshots: readonly string[]) =>
    finding(
      'pack_damaged',
      'error',
      packKey(pack.name),
      `The pack ${pack.name} has ${bytes} bytes instead of ${pack.bytes}. Remove this file, for it is of no use. ${ANEW}.`,
      snapshots,
    ),
  packDamaged: (pack: ManifestPack, snapshots: readonly string[]) =>
    finding(
      'pack_damaged',
      'error',
      packKey(pack.name),
      `The pack ${pack.name} has other bytes than were stored. Remove this file, for it is of no use. ${ANEW}.`,
      snapshots,
    ),
  packOther: (pack: ManifestPack, snapshots: readonly string[]) =>
    finding(
      'pack_damaged',
      'error',
      packKey(pack.name),
      `The pack ${pack.name} holds other objects than its index says. ${ANEW}.`,
      snapshots,
    ),
  indexMissing: (pack: ManifestPack) =>
    finding(
      'index_missing',
      'error',
      indexKey(pack.name),
      `The index of pack ${pack.name} is gone. Restoring works without it, more slowly; ${COPY_BACK.toLowerCase()}, or take a new snapshot.`,
    ),
  indexDamaged: (pack: ManifestPack) =>
    finding(
      'index_damaged',
      'error',
      indexKey(pack.name),
      `The index of pack ${pack.name} has other bytes than were stored. Restoring works without it, more slowly; ${COPY_BACK.toLowerCase()}, or remove it and take a new snapshot.`,
    ),
  unreferenced: (key: string) =>
    finding(
      'file_unreferenced',
      'warning',
      key,
      `No snapshot names ${key}. A snapshot that broke off leaves such files, and \`budao backup prune\` removes them; if none broke off, a manifest is missing.`,
    ),
  streamDamaged: (key: string, reason: string) =>
    finding(
      'stream_damaged',
      'error',
      key,
      `The stream of changes that begins with ${key} cannot be used: ${reason}. ${COPY_BACK}; a running service begins a new one within a day, and at once when it is started again.`,
    ),
  streamBroken: (key: string, error: unknown) => finding('stream_broken', 'error', key, wordsOf(error)),
  incomplete: (key: string, count: number) =>
    finding(
      'snapshot_incomplete',
      'error',
      key,
      `${key} names ${count} objects that none of its packs has. Do not rely on it. ${ANEW}.`,
    ),
  contents: (key: string, error: unknown) =>
    finding(
      'snapshot_incomplete',
      'error',
      key,
      `The list of contents of ${key} cannot be read. ${wordsOf(error)}`,
    ),
  key: (error: unknown) => finding('recovery_key_wrong', 'error', null, wordsOf(error)),
};

function finding(
  code: FindingCode,
  severity: Finding['severity'],
  key: string | null,
  message: string,
  snapshots: readonly string[] = [],
): Finding {
  return { code, severity, key, message, snapshots };
}

function wordsOf(error: unknown): string {
  return error instanceof BudaoError ? error.message : `It cannot be read (${(error as Error).message}).`;
}
