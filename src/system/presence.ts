/** How a process tells that the place of its files is away, or is another one. */
import { access } from 'node:fs/promises';
import { BudaoError } from '../contract/errors.ts';
import type { S3Client } from '../stores/blobs/s3-client.ts';
import { type ProvidedFolder, requireProvided } from '../stores/files/provided-folder.ts';
import { requireMarkedBucket } from './shared-places.ts';

export interface Presence {
  /** Before each use, where that costs next to nothing and the store does not tell by itself. */
  assert(): Promise<void>;
  /** Now and then. */
  probe(): Promise<void>;
  /** Once, when a process begins to use it. */
  begin(): Promise<void>;
}

/** A folder of this machine that was there and is gone is something else than an empty one. */
export function ownFolder(folder: string, of: 'documents' | 'index'): Presence {
  let wasThere = false;
  const assert = async (): Promise<void> => {
    const isThere = await access(folder).then(
      () => true,
      () => false,
    );
    if (!isThere && wasThere) throw of === 'index' ? indexMissing(folder) : documentsMissing(folder);
    wasThere ||= isThere;
  };
  return { assert, probe: assert, begin: assert };
}

/** Other nodes use it: a process that begins while it is away joins in once it is back. */
export function sharedFolderPresence(provided: ProvidedFolder): Presence {
  const assert = (): Promise<void> => requireProvided(provided);
  return { assert, probe: assert, begin: async () => {} };
}

/** A bucket that is away says so to every request. */
export function sharedBucketPresence(client: S3Client): Presence {
  return { assert: async () => {}, probe: () => requireMarkedBucket(client), begin: async () => {} };
}

function indexMissing(folder: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'index_missing',
    `The folder of the search index, ${folder}, is gone. Put it back, or restart and run "budao doctor --fix".`,
  );
}

function documentsMissing(folder: string): BudaoError {
  return new BudaoError(
    'unavailable',
    'storage_unavailable',
    `The folder of the documents, ${folder}, is gone. Mount it again or put it back.`,
  );
}
