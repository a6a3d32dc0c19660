/** What a pruning would do, worked out and shown before anything is touched. */
import { BudaoError } from '../../contract/errors.ts';
import type { ManifestPack } from '../ports.ts';
import type { RepositoryContext } from './context.ts';
import { indexedPackOf, packOf } from './layout.ts';
import { ORPHAN_GRACE_MS } from './limits.ts';
import { readManifests, type StoredManifest } from './manifests.ts';
import { neededPacks } from './needed-packs.ts';
import { planStreams } from './prune-streams.ts';
import { findRepacking, type Repacking } from './repack.ts';
import { type Retention, reasonsToKeep } from './retention.ts';
import { listPacks, type StoredPacks } from './stored-packs.ts';

export interface PlannedSnapshot {
  key: string;
  id: string;
  installationId: string;
  createdAt: number;
}

export interface PlannedStream {
  /** Of its base. */
  key: string;
  generation: string;
  installationId: string;
  from: number;
  until: number;
  files: number;
}

export interface PrunePlan {
  keep: (PlannedSnapshot & { reasons: readonly string[] })[];
  /** No longer offered, but their documents stay. */
  retire: PlannedSnapshot[];
  remove: PlannedSnapshot[];
  /** Generations of streams of changes whose last point in time is older than what is kept. */
  streams: PlannedStream[];
  /** Files below `packs/` that nothing needs any more. */
  files: { key: string; bytes: number }[];
  /** Packs of which little is still needed, or which are small: they become fewer. Empty without the recovery key. */
  repack: { name: string; bytes: number; neededBytes: number }[];
  /** Of the files that go; what repacking frees comes on top. */
  freedBytes: number;
}

export interface PruneOptions {
  retention: Retention;
  /** What nobody names is left so long, by the clock of the place. */
  orphanGraceMs?: number;
  /** Points in time of streams are kept for so long; for ever where nothing is said. */
  streamMs?: number;
}

/** Everything that carrying it out needs beside what is shown. */
export interface WorkedOutPlan {
  shown: PrunePlan;
  kept: readonly StoredManifest[];
  repacking: Repacking;
  /** Files of streams that go, those of each from its base on. */
  streamFiles: readonly string[];
}

/**
 * @param now by the clock of the place that keeps the repository
 * @param mayLeave keys of the manifests that may go; null where all may
 * @throws BudaoError repository_damaged when what a snapshot needs cannot be known
 */
export async function workOutPlan(
  context: RepositoryContext,
  options: PruneOptions,
  now: number,
  mayLeave: ReadonlySet<string> | null = null,
): Promise<WorkedOutPlan> {
  const streams = await planStreams(context, options, now, mayLeave);
  const manifests = await readAll(context);
  const offered = manifests.filter(({ isRetired }) => !isRetired);
  const reasons = reasonsToKeep(
    offered.map(({ key, manifest }) => ({ key, ...manifest })),
    options.retention,
  );
  const stays = ({ key }: StoredManifest): boolean => reasons.has(key) || mayLeave?.has(key) === false;
  const kept = offered.filter(stays);
  const leaving = offered.filter((one) => !stays(one));
  const isForgotten = ({ key, isRetired }: StoredManifest): boolean =>
    isRetired && !options.retention.keepDocuments && mayLeave?.has(key) !== false;
  const retired = manifests.filter((one) => one.isRetired && !isForgotten(one));
  const forgotten = manifests.filter(isForgotten);
  const retire = options.retention.keepDocuments ? withOwnDocuments(leaving, [...kept, ...retired]) : [];
  const staying = [
    ...kept,
    ...retired,
    ...retire.map((one) => ({ ...one, isRetired: true })),
    ...streams.staying,
  ];
  const stored = await listPacks(context.storage);
  const graceMs = options.orphanGraceMs ?? ORPHAN_GRACE_MS;
  const files = unneededFiles(stored, {
    needed: neededPacks(staying),
    named: neededPacks([...manifests, ...streams.leaving]),
    now,
    graceMs,
  });
  const repacking = await findRepacking(context, kept, staying);
  return {
    kept,
    repacking,
    streamFiles: streams.files,
    shown: {
      keep: kept.map((one) => ({ ...plannedOf(one), reasons: reasons.get(one.key) ?? [] })),
      retire: retire.map(plannedOf),
      remove: [...leaving.filter((one) => !retire.includes(one)), ...forgotten].map(plannedOf),
      streams: streams.shown,
      files,
      repack: repacking.packs.map(({ pack, neededBytes }) => ({
        name: pack.name,
        bytes: pack.bytes,
        neededBytes,
      })),
      freedBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

async function readAll(context: RepositoryContext): Promise<StoredManifest[]> {
  const { manifests, unreadable } = await readManifests(context.storage, { withRetired: true });
  const [first] = unreadable;
  if (first === undefined) return manifests;
  throw new BudaoError(
    'unavailable',
    'repository_damaged',
    `Nothing is pruned in ${context.storage.name}, since what ${first.key} needs cannot be known: ${first.error.message} Put the file back, upgrade, or remove it by hand if you give that snapshot up.`,
    { cause: first.error },
  );
}

/** The newest first: an older one with the same documents has none of its own then. */
function withOwnDocuments(
  leaving: readonly StoredManifest[],
  staying: readonly StoredManifest[],
): StoredManifest[] {
  const held = new Set(neededPacks(staying).keys());
  return leaving.filter(({ manifest }) => {
    const own = manifest.packs.filter(({ name, layer }) => layer === 'documents' && !held.has(name));
    for (const { name } of own) held.add(name);
    return own.length > 0;
  });
}

function unneededFiles(
  stored: StoredPacks,
  {
    needed,
    named,
    now,
    graceMs,
  }: {
    needed: ReadonlyMap<string, ManifestPack>;
    named: ReadonlyMap<string, ManifestPack>;
    now: number;
    graceMs: number;
  },
): PrunePlan['files'] {
  const unneeded: PrunePlan['files'] = [];
  for (const [key, { bytes, modifiedAt }] of stored.files) {
    const name = packOf(key) ?? indexedPackOf(key);
    // What is nothing of ours is not ours to remove.
    if (name === null || needed.has(name)) continue;
    if (named.has(name) || now - modifiedAt >= graceMs) unneeded.push({ key, bytes });
  }
  return unneeded;
}

function plannedOf({ key, manifest }: StoredManifest): PlannedSnapshot {
  const { id, installationId, createdAt } = manifest;
  return { key, id, installationId, createdAt };
}
