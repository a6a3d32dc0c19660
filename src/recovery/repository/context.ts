import type { RepositoryStorage } from '../ports.ts';
import type { RepositoryDescription } from './description.ts';
import type { LockTiming } from './locks.ts';
import type { Signer } from './signing.ts';

/** An open repository, as its parts share it. */
export interface RepositoryContext {
  storage: RepositoryStorage;
  description: RepositoryDescription;
  /** Null where this process only reads. */
  signer: Signer | null;
  identities: readonly string[];
  /** Where this machine remembers which objects are in which packs; null where it remembers nothing. */
  stateFolder: string | null;
  scratchFolder: string;
  /** Whether files in it may be replaced and removed by this process. */
  mayDelete: boolean;
  lockTiming: LockTiming;
}
