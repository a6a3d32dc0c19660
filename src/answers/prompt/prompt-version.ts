import { createHash } from 'node:crypto';
import { SYSTEM_PROMPT_EN } from './system-en.ts';
import { SYSTEM_PROMPT_ZH } from './system-zh.ts';

/** Changes with every word that models are told: answers before and after are not of one kind. */
export const PROMPT_VERSION = createHash('sha256')
  .update(`${SYSTEM_PROMPT_ZH}\n${SYSTEM_PROMPT_EN}`)
  .digest('hex')
  .slice(0, 12);
