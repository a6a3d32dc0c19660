import { createHash } from 'node:crypto';

const TIME_CHARACTERS = 12;
const RANDOM_CHARACTERS = 16;

/**
 * The id under which something comes back whose own is taken. It keeps the time of the old one, by which lists are
 * ordered, and is the same whenever the same thing comes back to the same place: whoever begins again makes no second one.
 */
export function derivedId(old: string, snapshotId: string, workspaceId: string): string {
  const split = old.lastIndexOf('_') + 1;
  const digest = createHash('sha256').update(`${snapshotId} ${workspaceId} ${old}`).digest('hex');
  const random = BigInt(`0x${digest}`).toString(36).slice(0, RANDOM_CHARACTERS);
  return `${old.slice(0, split + TIME_CHARACTERS)}${random}`;
}
