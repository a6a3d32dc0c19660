import { WRITE_KINDS, type WriteKind } from '../log/facts.ts';
import { recordsOf } from '../log/read-log.ts';
import type { DrillRecordOf } from '../log/record.ts';
import type { Timeline } from './timeline.ts';

export interface LossesOfKind {
  kind: WriteKind;
  acknowledged: number;
  /** Acknowledged and not there in the end, or there with another content. */
  lost: number;
  /** There more than once, whether acknowledged or of unknown outcome. */
  doubled: number;
  /** Of unknown outcome, and how many of them were done after all. */
  uncertain: number;
  uncertainDone: number;
  /** Not looked for, or could not be read. */
  unread: number;
}

export interface Losses {
  byKind: readonly LossesOfKind[];
  acknowledged: number;
  lost: number;
  doubled: number;
  unread: number;
  /** t_fault − t_ack of the earliest lost write, 0 where none is lost; null where nothing was acknowledged or read. */
  rpoMs: number | null;
  /** At most so many of a hundred such writes are lost, with 95 % confidence, where none was: 3/n. */
  boundShare: number | null;
}

/** RPO_time and RPO_count = |acknowledged \ recovered|. The last fault counts as the disaster: no figure is flattered. */
export function lossesOf(timeline: Timeline): Losses {
  const acknowledged = recordsOf(timeline.records, 'write.acknowledged');
  const found = new Map(
    recordsOf(timeline.records, 'read-back').map((record) => [`${record.kind} ${record.id}`, record]),
  );
  const faultMs = Math.max(0, ...timeline.injections.map(({ injectedMs }) => injectedMs));
  const fates = acknowledged.map((write) => ({
    write,
    fate: fateOf(write, found.get(`${write.kind} ${write.id}`)),
  }));
  const lost = fates.filter(({ fate }) => fate === 'lost');
  const unread = fates.filter(({ fate }) => fate === 'unread').length;
  const byKind = WRITE_KINDS.map((kind) => lossesOfKind(timeline, kind, fates, found));
  const earliest = Math.min(...lost.map(({ write }) => write.atMs));
  const isKnown = acknowledged.length > unread;
  return {
    byKind,
    acknowledged: acknowledged.length,
    lost: lost.length,
    doubled: byKind.reduce((sum, { doubled }) => sum + doubled, 0),
    unread,
    rpoMs: !isKnown ? null : lost.length === 0 ? 0 : Math.max(0, faultMs - earliest),
    boundShare: lost.length === 0 && isKnown ? Math.min(1, 3 / (acknowledged.length - unread)) : null,
  };
}

type Fate = 'there' | 'doubled' | 'lost' | 'unread';

function fateOf(
  write: DrillRecordOf<'write.acknowledged'>,
  found: DrillRecordOf<'read-back'> | undefined,
): Fate {
  if (found === undefined || found.count === null) return 'unread';
  if (found.count === 0) return 'lost';
  if (found.sha256 !== null && found.sha256 !== write.sha256) return 'lost';
  return found.count > 1 ? 'doubled' : 'there';
}

function lossesOfKind(
  { records }: Timeline,
  kind: WriteKind,
  fates: readonly { write: DrillRecordOf<'write.acknowledged'>; fate: Fate }[],
  found: ReadonlyMap<string, DrillRecordOf<'read-back'>>,
): LossesOfKind {
  const own = fates.filter(({ write }) => write.kind === kind);
  const count = (wanted: Fate): number => own.filter(({ fate }) => fate === wanted).length;
  const uncertain = recordsOf(records, 'write.unknown').filter((write) => write.kind === kind);
  const counts = uncertain.map(({ key }) => found.get(`${kind} ${key}`)?.count ?? null);
  return {
    kind,
    acknowledged: own.length,
    lost: count('lost'),
    doubled: count('doubled') + counts.filter((times) => (times ?? 0) > 1).length,
    uncertain: uncertain.length,
    uncertainDone: counts.filter((times) => (times ?? 0) > 0).length,
    unread: count('unread'),
  };
}
