import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryContext } from './context.ts';
import type { KnownObjects } from './known-objects.ts';
import { MANIFESTS_TO_LEARN_FROM, REQUESTS_AT_ONCE } from './limits.ts';
import { readManifests } from './manifests.ts';
import { mapAtOnce } from './map-at-once.ts';
import { readPackIndex } from './pack-index.ts';
import type { StoredPacks } from './stored-packs.ts';

/**
 * What other machines have written, or this one before it lost its memory, is not stored again. Only indexes that signed
 * manifests name are believed: whoever can write to the place could otherwise claim to have what is not there.
 * Without a key nothing is learned, and the objects are stored once more.
 */
export async function learnPacks(
  { storage, identities }: RepositoryContext,
  stored: StoredPacks,
  known: KnownObjects,
): Promise<void> {
  const isUnknown = stored.names().some((name) => !known.packs.has(name));
  if (!isUnknown || identities.length === 0) return;
  const { manifests } = await readManifests(storage, { newest: MANIFESTS_TO_LEARN_FROM });
  const packs = new Map(
    manifests
      .flatMap(({ manifest }) => manifest.packs)
      .filter((pack) => !known.packs.has(pack.name) && stored.has(pack))
      .map((pack) => [pack.name, pack]),
  );
  await mapAtOnce([...packs.values()], REQUESTS_AT_ONCE, async (pack) => {
    try {
      const { objects } = await readPackIndex(storage, identities, pack);
      await known.add({ ...pack, objects });
    } catch (error) {
      // A damaged index, or one that this key does not open, teaches nothing.
      if (!(error instanceof BudaoError) || !/^object_|^recovery_key_/.test(error.code)) throw error;
    }
  });
}
