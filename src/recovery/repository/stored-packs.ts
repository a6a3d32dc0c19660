import type { ManifestPack, RepositoryStorage } from '../ports.ts';
import { indexKey, PACKS, packKey, packOf } from './layout.ts';

/** The files that a repository has below `packs/`, by their keys. */
export class StoredPacks {
  readonly files: ReadonlyMap<string, { bytes: number; modifiedAt: number }>;

  constructor(files: ReadonlyMap<string, { bytes: number; modifiedAt: number }>) {
    this.files = files;
  }

  /** With its index, and of the size that it must have. */
  has({ name, bytes }: ManifestPack): boolean {
    return this.files.get(packKey(name))?.bytes === bytes && this.files.has(indexKey(name));
  }

  names(): string[] {
    return [...this.files.keys()].map(packOf).filter((name) => name !== null);
  }
}

export async function listPacks(storage: RepositoryStorage): Promise<StoredPacks> {
  const files = new Map<string, { bytes: number; modifiedAt: number }>();
  for await (const { key, bytes, modifiedAt } of storage.list(PACKS)) files.set(key, { bytes, modifiedAt });
  return new StoredPacks(files);
}
