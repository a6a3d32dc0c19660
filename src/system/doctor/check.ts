/** What doctor looks at beside rows, documents and index: the machine, the place, and what lies outside of it. */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Configuration } from '../configuration.ts';
import type { DataFolder } from '../data-folder.ts';

export interface Words {
  en: string;
  zh: string;
}

/** `unknown`: it could not be looked at, and the evidence says why. */
export type CheckResult = 'ok' | 'warning' | 'failed' | 'unknown';

export const CHECK_NAMES = [
  'file-system',
  'space',
  'permissions',
  'shared-folder',
  'data-folder',
  'port',
  'clock',
  'versions',
  'ledger',
  'references',
  'documents',
  'derived',
  'index',
  'search',
  'left-overs',
  'runs',
  'models',
  'certificates',
  'backups',
] as const;
export type CheckedName = (typeof CHECK_NAMES)[number];

export interface CheckOutcome {
  check: CheckedName;
  result: CheckResult;
  /** What it is about: a path, an address, an id; empty where there is one only. */
  subject: string;
  evidence: Words;
  /** What puts it right, or was done; null where nothing is to be done. */
  repair: Words | null;
  /** Whether `--fix` does it. */
  fixable: boolean;
  fixed: boolean;
}

/** What every check may look at. */
export interface Place {
  configuration: Configuration;
  folder: DataFolder;
  fix: boolean;
  deep: boolean;
  /** The machine's time, in ms since the epoch. */
  now: number;
}

/** A place whose ledger could be opened. */
export interface OpenPlace extends Place {
  ledger: Ledger;
}

export function ok(check: CheckedName, evidence: Words, subject = ''): CheckOutcome {
  return { check, result: 'ok', subject, evidence, repair: null, fixable: false, fixed: false };
}

export function unknown(check: CheckedName, evidence: Words, subject = ''): CheckOutcome {
  return { check, result: 'unknown', subject, evidence, repair: null, fixable: false, fixed: false };
}

/** Something that people have to put right. */
export function found(
  result: 'warning' | 'failed',
  check: CheckedName,
  what: { subject?: string; evidence: Words; repair: Words },
): CheckOutcome {
  const { subject = '', evidence, repair } = what;
  return { check, result, subject, evidence, repair, fixable: false, fixed: false };
}

/** Something that `--fix` puts right, now if that is asked for. A repair that fails says so. */
export async function repairable(
  place: Pick<Place, 'fix'>,
  outcome: CheckOutcome,
  repair: () => Promise<unknown>,
): Promise<CheckOutcome> {
  const fixable = { ...outcome, fixable: true };
  if (!place.fix) return fixable;
  try {
    await repair();
    return { ...fixable, fixed: true };
  } catch (error) {
    const why = reasonOf(error);
    const { en, zh } = outcome.repair ?? { en: '', zh: '' };
    return { ...fixable, repair: { en: `${en} That failed: ${why}`, zh: `${zh}未成功：${why}` } };
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function gibibytes(bytes: number): string {
  const gib = bytes / 1024 ** 3;
  return gib >= 1 ? `${gib.toFixed(gib < 10 ? 1 : 0)} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`;
}
