import { BudaoError } from '../../contract/errors.ts';

export function blobMissing(sha256: string): BudaoError {
  return new BudaoError(
    'internal',
    'blob_missing',
    `The content ${sha256} is missing from the store. Run \`budao doctor\`.`,
  );
}

export function blobCorrupt(sha256: string, where: string): BudaoError {
  return new BudaoError(
    'internal',
    'blob_corrupt',
    `The content ${sha256} is damaged ${where} and is not given out. Upload the same file again, or restore it from a backup; what was derived from a document, \`budao doctor --deep --fix\` derives again.`,
  );
}

export function tooLarge(maxBytes: number): BudaoError {
  const limit = `${Math.round(maxBytes / 1024 / 1024)} MiB`;
  return new BudaoError(
    'too_large',
    'file_too_large',
    `The file is larger than ${limit}. Split it, or raise limits.maxUploadBytes.`,
  );
}

/** What a disk says of a write, in words. */
export function ofTheDisk(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new BudaoError(
    'unavailable',
    'storage_full',
    'The disk that holds the data folder is full. Free some space or enlarge the volume, then try again; nothing stored before is lost.',
    { cause: error },
  );
}
