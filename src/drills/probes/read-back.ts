import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillLog } from '../log/drill-log.ts';
import { WRITE_KINDS, type WriteKind } from '../log/facts.ts';
import { readDrillLog, recordsOf } from '../log/read-log.ts';
import { describe } from '../targets/http-client.ts';
import type { DrillTarget, WantedWrite } from '../targets/target.ts';

const AT_ONCE = 8;
const FIND_MS = 10_000;
const RETRY_MS = 250;

interface Search {
  kind: WriteKind;
  id: string;
  wanted: WantedWrite;
}

/**
 * Looks for everything that the log says was acknowledged, and for what nobody knows of. The log is read from its file:
 * the ledger of what was acknowledged is never the system's own.
 */
export async function readBack(target: DrillTarget, log: DrillLog, withinMs: number): Promise<void> {
  const { records } = readDrillLog(log.path);
  const searches: Search[] = [
    ...recordsOf(records, 'write.acknowledged').map(({ kind, id }) => ({ kind, id, wanted: { id } })),
    ...recordsOf(records, 'write.unknown').map(({ kind, key }) => ({ kind, id: key, wanted: { key } })),
  ];
  const deadline = AbortSignal.timeout(withinMs);
  const unread = new Set<WriteKind>();
  const queue = searches.values();
  const work = async (): Promise<void> => {
    for (const search of queue) {
      const error = await lookFor(target, log, search, deadline);
      if (error === null) continue;
      unread.add(search.kind);
      log.add({ type: 'read-back', kind: search.kind, id: search.id, count: null, sha256: null, error });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const kind of WRITE_KINDS)
    if (searches.some((search) => search.kind === kind))
      log.add({ type: 'read-back.ended', kind, isComplete: !unread.has(kind) });
  await log.sync();
}

/** @returns why it could not be read, or null */
async function lookFor(
  target: DrillTarget,
  log: DrillLog,
  { kind, id, wanted }: Search,
  deadline: AbortSignal,
): Promise<string | null> {
  if (!target.writes.includes(kind)) return 'the target cannot tell';
  for (;;) {
    if (deadline.aborted) return 'no time left';
    try {
      const signal = AbortSignal.any([deadline, AbortSignal.timeout(FIND_MS)]);
      const { count, sha256 } = await target.find(kind, wanted, signal);
      log.add({ type: 'read-back', kind, id, count, sha256 });
      return null;
    } catch (error) {
      if (deadline.aborted) return describe(error);
      await sleep(RETRY_MS);
    }
  }
}
