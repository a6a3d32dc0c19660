/** What a repository cannot do, in words that name the action to take. */
import { BudaoError } from '../../contract/errors.ts';

export function objectMissing(sha256: string, where: string): BudaoError {
  return new BudaoError(
    'not_found',
    'object_missing',
    `The object ${sha256} is not in ${where}. Run \`budao backup verify\`, and restore from another repository or an older snapshot.`,
  );
}

export function objectCorrupt(what: string, where: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'object_corrupt',
    `${what} in ${where} is damaged. Nothing of it is used. Run \`budao backup verify\`, check the disk, and restore from another repository or an older snapshot.`,
    { cause },
  );
}

export function objectChanged(sha256: string): BudaoError {
  return new BudaoError(
    'conflict',
    'object_changed',
    `The bytes given for the object ${sha256} do not hash to its name, so they were not stored. Run \`budao doctor\`: the original is damaged or was changed while it was read.`,
  );
}

export function keyWrong(where: string): BudaoError {
  return new BudaoError(
    'invalid',
    'recovery_key_wrong',
    `None of the given recovery keys opens ${where}. Use the key that was printed when the repository was made; \`budao-repository.json\` in it lists the public halves.`,
  );
}

export function keyMissing(where: string): BudaoError {
  return new BudaoError(
    'invalid',
    'recovery_key_missing',
    `Reading ${where} needs a recovery key, and none was given. Pass the file that holds it (a line AGE-SECRET-KEY-1…).`,
  );
}

export function keyInvalid(what: string, cause?: unknown): BudaoError {
  return new BudaoError('invalid', 'recovery_key_invalid', what, { cause });
}

export function damaged(what: string, where: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'repository_damaged',
    `${what} of ${where} is missing, damaged or was changed by somebody else. Put it back from a copy of the repository, or use another repository.`,
    { cause },
  );
}

export function lockLost(where: string): BudaoError {
  return new BudaoError(
    'conflict',
    'repository_lock_lost',
    `This process was silent for so long that its lock on ${where} was taken away, and packs may have been removed meanwhile. Nothing was published. Start again.`,
  );
}
