import type { ManifestPack } from '../ports.ts';
import type { StoredManifest } from './manifests.ts';

/** By name. Of a retired snapshot only the documents count. */
export function neededPacks(manifests: readonly StoredManifest[]): Map<string, ManifestPack> {
  const needed = new Map<string, ManifestPack>();
  for (const { manifest, isRetired } of manifests) {
    for (const pack of manifest.packs) {
      if (!isRetired || pack.layer === 'documents') needed.set(pack.name, pack);
    }
  }
  return needed;
}
