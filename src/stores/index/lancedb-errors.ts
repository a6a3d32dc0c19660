import { BudaoError } from '../../contract/errors.ts';

/** LanceDB throws plain errors with text from its Rust side; this sorts them into what the caller can do. */
export function indexError(error: unknown, table: string): BudaoError {
  if (error instanceof BudaoError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/no space left|disk full|quota exceeded/i.test(text)) {
    return new BudaoError(
      'unavailable',
      'storage_full',
      'The disk of the search index is full. Free some space and try again.',
      {
        cause: error,
      },
    );
  }
  if (/permission denied|read-only file system/i.test(text)) {
    return new BudaoError(
      'unavailable',
      'index_not_writable',
      'The folder of the search index cannot be written. Check its owner and permissions.',
      {
        cause: error,
      },
    );
  }
  if (/commit conflict|incompatible transaction|retryable|too many concurrent writers/i.test(text)) {
    return new BudaoError(
      'unavailable',
      'index_busy',
      'Another process is writing to this search index. The step is tried again.',
      {
        cause: error,
      },
    );
  }
  return indexCorrupt(table, error);
}

export function indexCorrupt(table: string, cause?: unknown): BudaoError {
  return new BudaoError(
    'unavailable',
    'index_corrupt',
    `The search index ${table} cannot be read. Run "budao doctor --fix" to rebuild it from the documents.`,
    { cause },
  );
}
