import { readFile } from 'node:fs/promises';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';

/** A request's body has to hold it. */
const MAX_FILE_BYTES = 1_800_000;

/** The lines as they are: the service says what is wrong with them. @throws CliError file_too_large */
export async function readQuestions(file: string, tooLarge: (megabytes: number) => string): Promise<string> {
  const text = await readFile(file, 'utf8');
  if (Buffer.byteLength(text) <= MAX_FILE_BYTES) return text;
  throw new CliError(EXIT.usage, 'file_too_large', tooLarge(MAX_FILE_BYTES / 1_000_000));
}
