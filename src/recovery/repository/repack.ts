/**
 * Packs of which little is still needed, and many small ones, become fewer: what is needed of them goes into new packs,
 * then the manifests name those, and only then the old ones are no longer needed. Broken off anywhere, every manifest
 * names packs that are there.
 */
import type { ManifestPack, PackLayer, SnapshotManifest } from '../ports.ts';
import type { RepositoryContext } from './context.ts';
import { KnownObjects } from './known-objects.ts';
import { MANY_SMALL_PACKS, REPACK_BELOW_SHARE, REQUESTS_AT_ONCE, SMALL_PACK_BYTES } from './limits.ts';
import { manifestText, type StoredManifest } from './manifests.ts';
import { mapAtOnce } from './map-at-once.ts';
import { PackedObjects, type SeenIndexes } from './object-reader.ts';
import { readPack } from './pack-reader.ts';
import { PackWriter } from './pack-writer.ts';
import type { Signer } from './signing.ts';
import { objectsOf, parseContents } from './snapshot-contents.ts';

export interface Repacking {
  packs: { pack: ManifestPack; neededBytes: number }[];
  /** Every object that a kept snapshot of this installation needs. */
  needed: ReadonlySet<string>;
}

const NOTHING: Repacking = { packs: [], needed: new Set() };

/** Without the key that opens packs, or the one that signs manifests, nothing is repacked. */
export async function findRepacking(
  context: RepositoryContext,
  kept: readonly StoredManifest[],
  staying: readonly StoredManifest[],
): Promise<Repacking> {
  const { signer, identities } = context;
  if (signer === null || identities.length === 0) return NOTHING;
  const own = kept.filter(({ manifest }) => manifest.installationId === signer.installationId);
  // The manifests of others cannot be signed anew, and retired ones stay as they are.
  const fixed = new Set(
    staying
      .filter(({ manifest, isRetired }) => isRetired || manifest.installationId !== signer.installationId)
      .flatMap(({ manifest }) => manifest.packs.map(({ name }) => name)),
  );
  const packs = new Map(own.flatMap(({ manifest }) => manifest.packs).map((pack) => [pack.name, pack]));
  const seen: SeenIndexes = new Map();
  const needed = new Set<string>();
  for (const { manifest } of own) {
    for await (const sha256 of neededObjects(context, manifest, seen)) needed.add(sha256);
  }
  const movable = [...packs.values()].filter(({ name }) => !fixed.has(name));
  const measured = await mapAtOnce(movable, REQUESTS_AT_ONCE, (pack) => measure(context, pack, needed, seen));
  return { packs: [...sparse(measured), ...manySmall(measured)], needed };
}

/** @returns names of the packs that no manifest names any more */
export async function repack(
  context: RepositoryContext,
  signer: Signer,
  kept: readonly StoredManifest[],
  { packs, needed }: Repacking,
  requireAlone: () => Promise<void>,
): Promise<string[]> {
  if (packs.length === 0) return [];
  const { storage, description, scratchFolder } = context;
  const moved = await KnownObjects.load(null);
  await using writer = new PackWriter({
    storage,
    recipients: description.recipients,
    scratchFolder,
    known: moved,
  });
  for (const { pack } of packs) {
    for await (const { sha256, content } of readPack(context, pack.name)) {
      if (needed.has(sha256)) await writer.add({ sha256, bytes: content.length }, content, pack.layer);
    }
  }
  await writer.flush();
  const old = new Set(packs.map(({ pack }) => pack.name));
  const seen: SeenIndexes = new Map();
  for (const { key, manifest } of kept) {
    if (!manifest.packs.some(({ name }) => old.has(name))) continue;
    const renewed = { ...manifest, packs: await renewedPacks(context, manifest, { old, moved, seen }) };
    await requireAlone();
    await storage.put(key, manifestText(renewed, signer));
  }
  return [...old];
}

async function renewedPacks(
  context: RepositoryContext,
  manifest: SnapshotManifest,
  { old, moved, seen }: { old: ReadonlySet<string>; moved: KnownObjects; seen: SeenIndexes },
): Promise<ManifestPack[]> {
  const renewed = new Map(
    manifest.packs.filter(({ name }) => !old.has(name)).map((pack) => [pack.name, pack]),
  );
  for await (const sha256 of neededObjects(context, manifest, seen)) {
    const place = moved.find(sha256);
    if (place === null) continue;
    const { name, bytes, layer, index } = place.pack;
    renewed.set(name, { name, bytes, layer, index });
  }
  return [...renewed.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function* neededObjects(
  context: RepositoryContext,
  { contents, packs }: SnapshotManifest,
  seen: SeenIndexes,
): AsyncGenerator<string> {
  const text = await new PackedObjects(context, packs, seen).read(contents.sha256);
  yield contents.sha256;
  for (const { sha256 } of objectsOf(parseContents(text.toString('utf8')))) yield sha256;
}

type Measured = Repacking['packs'][number] & { plainBytes: number };

async function measure(
  context: RepositoryContext,
  pack: ManifestPack,
  needed: ReadonlySet<string>,
  seen: SeenIndexes,
): Promise<Measured> {
  const places = await new PackedObjects(context, [pack], seen).places();
  let neededBytes = 0;
  let plainBytes = 0;
  for (const [sha256, { bytes }] of places) {
    plainBytes += bytes;
    if (needed.has(sha256)) neededBytes += bytes;
  }
  return { pack, neededBytes, plainBytes };
}

function sparse(measured: readonly Measured[]): Measured[] {
  return measured.filter(({ neededBytes, plainBytes }) => neededBytes < plainBytes * REPACK_BELOW_SHARE);
}

/** Of packs that are well used: one for each minute of a day is too many. */
function manySmall(measured: readonly Measured[]): Measured[] {
  const used = measured.filter(
    ({ neededBytes, plainBytes }) => neededBytes >= plainBytes * REPACK_BELOW_SHARE,
  );
  const byLayer = Map.groupBy(
    used.filter(({ pack }) => pack.bytes < SMALL_PACK_BYTES),
    ({ pack }): PackLayer => pack.layer,
  );
  return [...byLayer.values()].filter((small) => small.length >= MANY_SMALL_PACKS).flat();
}
