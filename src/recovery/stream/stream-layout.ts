/** Where streams of changes are in a repository: each generation in a folder of its own. */
export const STREAMS = 'streams/';

/** One or more segments that follow one another, in one file. */
export interface SegmentFile {
  key: string;
  first: number;
  last: number;
  /** Of the last one, milliseconds since the epoch. */
  until: number;
  /** Whether one of them names packs. */
  hasPacks: boolean;
}

const FILE =
  /^streams\/([A-Za-z0-9_-]+)\/([A-Za-z0-9-]+)\/(?:(base)\.json|(\d{8})-(?:(\d{8})-)?(\d{13})(\.packs)?\.(segment|bundle))$/;

export function streamFolder({
  installationId,
  generation,
}: {
  installationId: string;
  generation: string;
}): string {
  return `${STREAMS}${installationId}/${generation}/`;
}

export function baseKey(folder: string): string {
  return `${folder}base.json`;
}

export function segmentKey(folder: string, segment: Omit<SegmentFile, 'key'>): string {
  const { first, last, until, hasPacks } = segment;
  const numbers = first === last ? padded(first, 8) : `${padded(first, 8)}-${padded(last, 8)}`;
  const kind = first === last ? 'segment' : 'bundle';
  return `${folder}${numbers}-${padded(until, 13)}${hasPacks ? '.packs' : ''}.${kind}`;
}

/** @returns null for a file that is none of a stream */
export function parseStreamKey(
  key: string,
): { installationId: string; generation: string; segment: SegmentFile | null } | null {
  const [, installationId, generation, base, first, last, until, packs] = FILE.exec(key) ?? [];
  if (installationId === undefined || generation === undefined) return null;
  if (base !== undefined) return { installationId, generation, segment: null };
  const segment = {
    key,
    first: Number(first),
    last: Number(last ?? first),
    until: Number(until),
    hasPacks: packs !== undefined,
  };
  return { installationId, generation, segment };
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
