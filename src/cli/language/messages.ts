import { en } from './en.ts';
import { zh } from './zh.ts';

/** English sets the keys; another language that lacks one does not compile. */
export type Messages = typeof en;

const LANGUAGES: Record<string, Messages> = { en, zh };

/** What `--lang` says, else the environment's language: Chinese for zh*, English for all others. */
export function chooseMessages(wanted: string | undefined, environment: NodeJS.ProcessEnv): Messages {
  const named = wanted === undefined ? undefined : LANGUAGES[wanted];
  if (named !== undefined) return named;
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  return /^zh/i.test(locale) ? zh : en;
}
