import { randomBytes } from 'node:crypto';

/** Prefixes as OpenAI clients know them, so that an id tells what it names. */
export const ID_PREFIXES = {
  run: 'run',
  response: 'resp',
  conversation: 'conv',
  message: 'msg',
  file: 'file',
  vectorStore: 'vs',
  fileBatch: 'vsfb',
  workspace: 'ws',
  account: 'user',
  apiKey: 'key',
  session: 'sess',
  process: 'proc',
  installation: 'inst',
  alert: 'alert',
  alertChannel: 'chan',
  snapshot: 'snap',
  backupResult: 'bkr',
  goldenSet: 'gset',
  goldenQuestion: 'gq',
  evaluation: 'eval',
} as const;

let lastTimeMs = 0;
let counter = 0;

/** An id that sorts by creation time within a process: 48 bits of time, a counter, 80 random bits; base 36. */
export function newId(kind: keyof typeof ID_PREFIXES): string {
  const nowMs = Math.max(Date.now(), lastTimeMs);
  counter = nowMs === lastTimeMs ? counter + 1 : 0;
  lastTimeMs = nowMs;
  const time = nowMs.toString(36).padStart(9, '0');
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`)
    .toString(36)
    .padStart(16, '0');
  return `${ID_PREFIXES[kind]}_${time}${counter.toString(36).padStart(3, '0')}${random}`;
}
