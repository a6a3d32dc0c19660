/**
 * Takes away what the plan has shown, alone in the repository: manifests first, then packs that nobody names any more.
 * Broken off anywhere, it leaves packs that the next pruning removes, and no manifest that names what is not there.
 */
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryContext } from './context.ts';
import { indexKey, LOCKS, packKey, retiredKey } from './layout.ts';
import { EVICTION_MARK_MS } from './limits.ts';
import { type RepositoryLock, takeLock } from './locks.ts';
import { type PruneOptions, type PrunePlan, type WorkedOutPlan, workOutPlan } from './prune-plan.ts';
import { recordPruning } from './published.ts';
import { repack } from './repack.ts';
import { requireSigner, type Signer } from './signing.ts';

export interface PruneResult {
  removed: number;
  retired: number;
  repacked: number;
  files: number;
}

/** Only looks; for want of the place's clock it goes by this machine's. */
export async function planPrune(context: RepositoryContext, options: PruneOptions): Promise<PrunePlan> {
  return (await workOutPlan(context, options, Date.now())).shown;
}

/**
 * @param agreed the plan that somebody has seen: snapshots that it does not take away stay
 * @throws BudaoError repository_append_only, repository_locked, repository_lock_lost, repository_damaged
 */
export async function prune(
  context: RepositoryContext,
  options: PruneOptions,
  agreed: PrunePlan,
): Promise<PruneResult> {
  const { storage, mayDelete, lockTiming: timing } = context;
  const signer = requireSigner(context.signer, storage.name);
  if (!mayDelete) throw appendOnlyKept(storage.name);
  await using lock = await takeLock(storage, 'prune', { mayDelete, timing });
  const now = await timeOfPlace(context, lock);
  const mayLeave = new Set([...agreed.retire, ...agreed.remove, ...agreed.streams].map(({ key }) => key));
  const plan = await workOutPlan(context, options, now, mayLeave);
  return await carryOut(context, { signer, lock, now }, plan);
}

async function carryOut(
  context: RepositoryContext,
  { signer, lock, now }: { signer: Signer; lock: RepositoryLock; now: number },
  { shown, kept, repacking, streamFiles }: WorkedOutPlan,
): Promise<PruneResult> {
  const { storage } = context;
  const emptied = await repack(context, signer, kept, repacking, () => lock.requireHeld());
  const removed = shown.remove.map(({ key }) => key);
  if (removed.length > 0) {
    await recordPruning(storage, signer, { session: lock.session, prunedAt: now, keys: removed });
  }
  for (const { key } of shown.retire) {
    const text = await storage.get(key);
    if (text !== null) await storage.putIfAbsent(retiredKey(key), text);
    await remove(key);
  }
  for (const key of removed) await remove(key);
  for (const key of streamFiles) await remove(key);
  const files = [
    ...shown.files.map(({ key }) => key),
    ...emptied.flatMap((name) => [packKey(name), indexKey(name)]),
  ];
  for (const key of files) await remove(key);
  await removeOldMarks(context, now);
  return {
    removed: removed.length,
    retired: shown.retire.length,
    repacked: emptied.length,
    files: files.length,
  };

  /** A pruning that was frozen, and whose lock was taken away, goes no further. */
  async function remove(key: string): Promise<void> {
    await lock.requireHeld();
    await storage.delete(key);
  }
}

/** The age of files is told by one clock alone: that which has dated them. */
async function timeOfPlace({ storage }: RepositoryContext, lock: RepositoryLock): Promise<number> {
  for await (const { modifiedAt } of storage.list(`${LOCKS}prune-${lock.session}.`)) return modifiedAt;
  return 0;
}

async function removeOldMarks({ storage }: RepositoryContext, now: number): Promise<void> {
  for (const { key, modifiedAt } of await Array.fromAsync(storage.list(LOCKS))) {
    if (key.endsWith('.evicted.json') && now - modifiedAt > EVICTION_MARK_MS) await storage.delete(key);
  }
}

function appendOnlyKept(name: string): BudaoError {
  return new BudaoError(
    'forbidden',
    'repository_append_only',
    `${name} is append-only, so this installation removes nothing there. Whoever owns it prunes it, with a key that may delete.`,
  );
}
