/**
 * Packs of which little is still needed, and many small ones, become fewer: what is needed of them goes into new packs,
 * then the manifests name those, and only then the old ones are no longer needed. Broken off anywhere, every manifest
 * names packs that are there.
 */
import type { ManifestPack, PackLayer } from '../ports.ts';
import type { RepositoryContext } from './context.ts';
import { KnownObjects } from './known-objects.ts';
import { MANY_SMALL_PACKS, REPACK_BELOW_SHARE, SMALL_PACK_BYTES } from './limits.ts';
import { manifestText, type StoredManifest } from './manifests.ts';
import { PackedObjects } from './object-reader.ts';
import { readPack } from './pack-reader.ts';
import { PackWriter } from './pack-writer.ts';
import type { Signer } from './signing.ts';
import { objectsOf, parseContents } from './snapshot-contents.ts';

export interface Repacking {
  packs: { pack: ManifestPack; neededBytes: number }[];
  /** What each kept snapshot needs, by the key of its manifest. */
  neededBy: ReadonlyMap<string, ReadonlySet<string>>;
}

const NOTHING: Repacking = { packs: [], neededBy: new Map() };

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
  const neededBy = new Map<string, ReadonlySet<string>>();
  for (const { key, manifest } of own)
    neededBy.set(key, await neededObjects(context, manifest.packs, manifest.contents.sha256));
  const needed = new Set([...neededBy.values()].flatMap((objects) => [...objects]));
  const movable = [...packs.values()].filter(({ name }) => !fixed.has(name));
  const measured = await Promise.all(movable.map((pack) => measure(context, pack, needed)));
  return { packs: [...sparse(measured), ...manySmall(measured)], neededBy };
}

/** @returns names of the packs that no manifest names any more */
export async function repack(
  context: RepositoryContext,
  signer: Signer,
  kept: readonly StoredManifest[],
  { packs, neededBy }: Repacking,
  requireAlone: () => Promise<void>,
): Promise<string[]> {
  if (packs.length === 0) return [];
  const { storage, description, scratchFolder } = context;
  const needed = new Set([...neededBy.values()].flatMap((objects) => [...objects]));
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
  for (const { key, manifest } of kept) {
    const objects = neededBy.get(key);
    if (objects === undefined || !manifest.packs.some(({ name }) => old.has(name))) continue;
    const renewed = { ...manifest, packs: renewedPacks(manifest.packs, old, objects, moved) };
    await requireAlone();
    await storage.put(key, manifestText(renewed, signer));
  }
  return [...old];
}

function renewedPacks(
  packs: readonly ManifestPack[],
  old: ReadonlySet<string>,
  objects: ReadonlySet<string>,
  moved: KnownObjects,
): ManifestPack[] {
  const renewed = new Map(packs.filter(({ name }) => !old.has(name)).map((pack) => [pack.name, pack]));
  for (const sha256 of objects) {
    const place = moved.find(sha256);
    if (place === null) continue;
    const { name, bytes, layer, index } = place.pack;
    renewed.set(name, { name, bytes, layer, index });
  }
  return [...renewed.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function neededObjects(
  context: RepositoryContext,
  packs: readonly ManifestPack[],
  contents: string,
): Promise<Set<string>> {
  const objects = new PackedObjects(context, packs);
  const read = parseContents((await objects.read(contents)).toString('utf8'));
  const needed = new Set([contents]);
  for (const { sha256 } of objectsOf(read)) needed.add(sha256);
  return needed;
}

type Measured = Repacking['packs'][number] & { plainBytes: number };

async function measure(
  context: RepositoryContext,
  pack: ManifestPack,
  needed: ReadonlySet<string>,
): Promise<Measured> {
  const places = await new PackedObjects(context, [pack]).places();
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
