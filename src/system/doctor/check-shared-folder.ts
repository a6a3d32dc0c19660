import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { requireSharedPlaces } from '../shared-places.ts';
import { type CheckOutcome, found, ok, type Place, reasonOf, unknown } from './check.ts';

/** What nodes share bears the installation's mark: without it a mount point has nothing mounted, or another drive. */
export async function checkSharedPlaces(place: Place, ledger: Ledger | null): Promise<CheckOutcome[]> {
  const { blobs, index } = place.configuration.stores;
  const subject = [blobs.folder ?? blobs.bucket?.name, index.folder].filter(Boolean).join(', ');
  if (ledger === null)
    return [
      unknown('shared-folder', { en: 'Not known without the ledger.', zh: '没有账本则无法得知。' }, subject),
    ];
  try {
    await requireSharedPlaces(place.configuration, ledger);
    return [ok('shared-folder', { en: "bears the installation's mark", zh: '带有本系统的标记' }, subject)];
  } catch (error) {
    const why = reasonOf(error);
    if (!(error instanceof BudaoError))
      return [unknown('shared-folder', { en: `Not known: ${why}`, zh: `无法得知：${why}` }, subject)];
    return [
      found('failed', 'shared-folder', {
        subject,
        evidence: { en: why, zh: `${error.code}：${why}` },
        repair: {
          en: 'Mount the right share, or reach the right bucket, on this machine.',
          zh: '在本机挂载正确的共享文件夹，或连通正确的存储桶。',
        },
      }),
    ];
  }
}
