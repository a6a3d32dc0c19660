/** Where everything is in a repository. `readme.ts` says the same to people. */

export const DESCRIPTION_KEY = 'budao-repository.json';
export const README_KEY = 'README.txt';
export const PACKS = 'packs/';
export const SNAPSHOTS = 'snapshots/';
/** Manifests of snapshots that are no longer offered, while their documents are kept. */
export const RETIRED = 'retired/';
/** What prunings have taken away, signed: so that a snapshot that somebody else took away is noticed. */
export const PRUNED = 'pruned/';
export const SIGNERS = 'signers/';
export const LOCKS = 'locks/';

const INDEX = /^packs\/([0-9a-f]{2})\/(\1[0-9a-f]{62})\.index\.json\.zst\.age$/;
const PACK = /^packs\/([0-9a-f]{2})\/(\1[0-9a-f]{62})\.tar\.zst\.age$/;

export function packKey(pack: string): string {
  return `${PACKS}${pack.slice(0, 2)}/${pack}.tar.zst.age`;
}

export function indexKey(pack: string): string {
  return `${PACKS}${pack.slice(0, 2)}/${pack}.index.json.zst.age`;
}

/** The name of the pack that is kept there, or null. */
export function packOf(key: string): string | null {
  return PACK.exec(key)?.[2] ?? null;
}

/** The pack whose index is kept there, or null. */
export function indexedPackOf(key: string): string | null {
  return INDEX.exec(key)?.[2] ?? null;
}

/** Sorts by time. */
export function snapshotKey({ createdAt, id }: { createdAt: number; id: string }): string {
  const time = new Date(createdAt).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  return `${SNAPSHOTS}${time}-${id}.json`;
}

/** From `snapshots/` or `retired/`. */
export function snapshotName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

export function retiredKey(key: string): string {
  return `${RETIRED}${key.slice(SNAPSHOTS.length)}`;
}

export function signerKey(installationId: string): string {
  return `${SIGNERS}${installationId}.json`;
}
