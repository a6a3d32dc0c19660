/** What lets the time of day of one node be moved: libfaketime reads how far from a file. */
import { join } from 'node:path';
import { faketimeLibrary } from './requirements.ts';

/** What a node is started with so that its clock can be moved. */
export function clockEnvironment(folder: string): Record<string, string> {
  return {
    LD_PRELOAD: faketimeLibrary() ?? '',
    FAKETIME_TIMESTAMP_FILE: clockFile(folder),
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

export function clockFile(folder: string): string {
  return join(folder, 'clock');
}
