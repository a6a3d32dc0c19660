/** What happens to the place of a repository, in words that name the action to take. */
import { BudaoError } from '../../contract/errors.ts';

export function repositoryUnavailable(name: string, what: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'repository_unavailable',
    `The repository ${name} ${what}. Mount it or connect it again, check the network, and start again; what it holds is left as it is.`,
    { cause },
  );
}

export function repositoryFull(name: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'repository_full',
    `The repository ${name} is full. Enlarge it, or run \`budao backup prune\`; the snapshots in it stay whole.`,
    { cause },
  );
}

export function repositoryReadOnly(name: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'repository_read_only',
    `The repository ${name} cannot be written. Check how it is mounted and the rights of this program there; reading and restoring go on.`,
    { cause },
  );
}
