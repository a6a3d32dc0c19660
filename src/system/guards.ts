/** What guards the stores of a process, and what the installation says of all that it depends on. */
import { type CurrentMode, currentModes, type ModeView } from '../answers/current-modes.ts';
import type { LesserMode } from '../contract/answer.ts';
import type { Dependencies } from '../dependencies/dependencies.ts';
import type { DependencyState } from '../dependencies/dependency-state.ts';
import { guardBlobs, speaksAgainstBlobs } from '../dependencies/guarded-blobs.ts';
import { guardIndex, speaksAgainstIndex } from '../dependencies/guarded-index.ts';
import { readReports } from '../dependencies/reports.ts';
import type { BlobStore, ChunkIndex, LocalBlobs } from '../knowledge/ports.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Sql } from '../ledger/ledger.ts';
import { modelDependencyName } from '../models/fallback-generator.ts';
import { EMBEDDER_DEPENDENCY } from './models.ts';
import type { Presence } from './presence.ts';

const INDEX_DEPENDENCY = 'index';
const BLOBS_DEPENDENCY = 'blobs';
/** A search in a large index takes a second at most; a reader waits for it. */
const SEARCH_TIMEOUT_MS = 10_000;
/** Stores on this machine recover at once when they do. */
const STORE_REST_MS = 3_000;

export async function guardedIndex(
  index: ChunkIndex,
  dependencies: Dependencies,
  presence: Presence,
): Promise<ChunkIndex> {
  await presence.begin();
  const dependency = dependencies.add({
    name: INDEX_DEPENDENCY,
    kind: 'index',
    timeoutMs: SEARCH_TIMEOUT_MS,
    circuit: { restMs: STORE_REST_MS },
    bulkhead: { calls: 64, queue: 512 },
    isFailure: speaksAgainstIndex,
    probe: presence.probe,
  });
  // Where it is asked for, it is worth a request: before a change, and where nothing was found.
  return guardIndex(index, dependency, presence.probe);
}

export function guardedBlobs(
  blobs: BlobStore & LocalBlobs,
  dependencies: Dependencies,
  presence: Presence,
): BlobStore & LocalBlobs {
  const dependency = dependencies.add({
    name: BLOBS_DEPENDENCY,
    kind: 'blobs',
    circuit: { restMs: STORE_REST_MS },
    bulkhead: { calls: 128, queue: 512, queueMs: 10_000 },
    isFailure: speaksAgainstBlobs,
    probe: presence.probe,
  });
  return guardBlobs(blobs, dependency, presence.assert);
}

/**
 * What a process that answers would do now, as far as is known: what a next call may find out is not counted on.
 * `order` names the configured models, best first.
 */
export function modeViewOf(states: readonly DependencyState[], order: readonly string[]): ModeView {
  const find = (name: string): DependencyState | undefined => states.find((state) => state.name === name);
  const index = find(INDEX_DEPENDENCY);
  const embedder = find(EMBEDDER_DEPENDENCY);
  return {
    endpoints: order.map((name) => {
      const state = find(modelDependencyName(name));
      return { name, isUsable: state?.isTrusted ?? true, lastError: state?.lastError ?? null };
    }),
    embedder: embedder === undefined ? null : healthOf(embedder),
    index: index === undefined ? { isUsable: true, reason: '' } : healthOf(index),
    changedAt: lastChange([...order.map((name) => find(modelDependencyName(name))), embedder, index]),
  };
}

/** Of what is away; of everything where all is well. */
function lastChange(states: readonly (DependencyState | undefined)[]): number {
  const known = states.filter((state) => state !== undefined);
  const away = known.filter(({ isTrusted }) => !isTrusted);
  return Math.max(0, ...(away.length > 0 ? away : known).map(({ changedAt }) => changedAt));
}

function healthOf(state: DependencyState): { isUsable: boolean; reason: string } {
  return {
    isUsable: state.isTrusted,
    reason: state.lastError?.message ?? `"${state.name}" was switched off by hand.`,
  };
}

/** In which modes the workers of the installation would answer now, most of them first; empty while none has reported. */
export async function installationModes(
  sql: Sql,
  order: readonly string[],
  allowed?: ReadonlySet<LesserMode>,
): Promise<(CurrentMode & { processes: number })[]> {
  const reports = (await readReports(sql, ledgerTime())).filter(({ role }) => role === 'worker');
  return currentModes(
    reports.map(({ states }) => modeViewOf(states, order)),
    allowed,
  );
}
