import { BudaoError } from '../../contract/errors.ts';
import type { Candidate, SeveralRepositories } from '../../recovery/repository/several-repositories.ts';

/**
 * What may be restored, best first: the snapshot of that id, or the newest of each repository.
 *
 * @throws BudaoError snapshot_not_found
 */
export async function chooseSnapshots(
  several: SeveralRepositories,
  snapshotId: string | null,
): Promise<{ candidates: Candidate[]; all: Candidate[] }> {
  const all = await several.list();
  const candidates =
    snapshotId === null ? newestOfEach(all) : all.filter(({ manifest }) => manifest.id === snapshotId);
  if (candidates.length > 0) return { candidates, all };
  const why = several.troubles.map(({ repository, message }) => ` ${repository}: ${message}`).join('');
  throw new BudaoError(
    'not_found',
    'snapshot_not_found',
    `There is ${snapshotId === null ? 'no snapshot' : `no snapshot ${snapshotId}`} in what could be read.${why} ` +
      '`budao backup list` shows what is there.',
  );
}

function newestOfEach(all: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return all.filter(({ holders }) => {
    const isFirst = holders.some(({ name }) => !seen.has(name));
    for (const { name } of holders) seen.add(name);
    return isFirst;
  });
}
