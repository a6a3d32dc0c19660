/** How far the stream of changes is, told by the supervisor to every process of its machine. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agedStates, type StreamState } from '../../recovery/stream/stream-state.ts';
import type { Configuration } from '../configuration.ts';
import { dataFolderAt } from '../data-folder.ts';

const FILE = 'stream-state.json';

/** One for each repository that is shipped to; none where nothing is shipped, or never was. */
export async function readStreamStates(
  configuration: Pick<Configuration, 'dataDir'>,
  now = Date.now(),
): Promise<StreamState[]> {
  const text = await readFile(placeOf(configuration), 'utf8').catch(() => '[]');
  try {
    return agedStates(JSON.parse(text) as StreamState[], now);
  } catch {
    // Torn by a power cut: it is told anew within a second.
    return [];
  }
}

/** Not synced: it is of the moment. Not in the ledger either, whose every change would have to be shipped in turn. */
export async function tellStreamStates(
  configuration: Pick<Configuration, 'dataDir'>,
  states: readonly StreamState[],
): Promise<void> {
  const place = placeOf(configuration);
  await writeFile(`${place}.new`, `${JSON.stringify(states)}\n`, { mode: 0o600 });
  await rename(`${place}.new`, place);
}

function placeOf({ dataDir }: Pick<Configuration, 'dataDir'>): string {
  return join(dataFolderAt(dataDir).path, FILE);
}
