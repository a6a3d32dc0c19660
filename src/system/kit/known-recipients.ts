import { join } from 'node:path';
import { openForReading } from '../backup/repositories.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';

/** Who can restore from the repositories that are configured; one that is away is left out. */
export async function knownRecipients({ backup, dataDir }: Configuration): Promise<string[]> {
  const scratchFolder = join(dataFolderAt(dataDir).cache, 'backup');
  const found = await Promise.all(
    backup.repositories.map(async (settings) => {
      try {
        await using opened = await openForReading(settings, { keyFile: null, scratchFolder });
        return opened.repository.context.description.recipients;
      } catch {
        return [];
      }
    }),
  );
  return [...new Set(found.flat())];
}
