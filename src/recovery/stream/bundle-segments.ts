import type { RepositoryStorage } from '../ports.ts';
import { readSegments } from './segment.ts';
import { type SegmentFile, segmentKey } from './stream-layout.ts';

/** Puts them into one file, and takes them away once that is there. @throws RangeError, BudaoError */
export async function bundleSegments(
  storage: RepositoryStorage,
  segments: readonly SegmentFile[],
): Promise<void> {
  const [first] = segments;
  const last = segments.at(-1);
  if (first === undefined || last === undefined || first === last) return;
  const files: Buffer[] = [];
  for (const { key, first: number } of segments) {
    const file = await storage.get(key);
    const [segment] = file === null ? [] : [...readSegments(file)];
    if (file === null || segment?.head.number !== number) throw new RangeError(`${key} is damaged`);
    files.push(file);
  }
  const place = {
    first: first.first,
    last: last.last,
    until: last.until,
    hasPacks: segments.some(({ hasPacks }) => hasPacks),
  };
  const folder = first.key.slice(0, first.key.lastIndexOf('/') + 1);
  await storage.put(segmentKey(folder, place), Buffer.concat(files));
  for (const { key } of segments) await storage.delete(key);
}
