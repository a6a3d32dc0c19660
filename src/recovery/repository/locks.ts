/**
 * Who is at work in a repository. A lock is a file that its holder replaces by the next number again and again; whoever
 * is in its way watches the number by its own monotonic time, so that no clock counts. What stands still for long enough
 * is evicted by a mark that stays, so that a holder that was only frozen learns of it before it publishes anything.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import type { RepositoryStorage } from '../ports.ts';
import { lockLost } from './errors.ts';
import { LOCKS } from './layout.ts';
import { LOCK_LOOK_MS, LOCK_PATIENCE_MS, LOCK_RENEWAL_MS, LOCK_WATCH_MS } from './limits.ts';
import { isGone, thisProcess } from './lock-holder.ts';

/** Any number may write and read at once; pruning is alone. */
export type LockKind = 'write' | 'read' | 'prune';

export interface LockTiming {
  renewalMs: number;
  watchMs: number;
  lookMs: number;
  patienceMs: number;
  pause(ms: number): Promise<unknown>;
  monotonicMs(): number;
}

export const LOCK_TIMING: LockTiming = {
  renewalMs: LOCK_RENEWAL_MS,
  watchMs: LOCK_WATCH_MS,
  lookMs: LOCK_LOOK_MS,
  patienceMs: LOCK_PATIENCE_MS,
  pause: (ms) => sleep(ms),
  monotonicMs: () => performance.now(),
};

const LOCK = /^locks\/(write|read|prune)-([0-9a-f]{16})\.(\d{8}|evicted)\.json$/;

interface SeenLock {
  kind: LockKind;
  session: string;
  number: number;
  keys: string[];
}

/** @throws BudaoError repository_locked, naming who holds it */
export async function takeLock(
  storage: RepositoryStorage,
  kind: LockKind,
  options: { mayDelete: boolean; timing?: LockTiming },
): Promise<RepositoryLock> {
  const { mayDelete, timing = LOCK_TIMING } = options;
  const conflicting: LockKind[] = kind === 'prune' ? ['write', 'read', 'prune'] : ['prune'];
  const until = timing.monotonicMs() + timing.patienceMs;
  for (;;) {
    const lock = new RepositoryLock(storage, kind, { mayDelete, timing });
    await lock.put();
    // Said before looking around: of two that come at once, at least one sees the other.
    const others = await locksOf(storage, conflicting, lock.session);
    if (others.length === 0) return lock;
    if (kind === 'prune') return outlive(lock, storage, conflicting, timing);
    await lock[Symbol.asyncDispose]();
    await waitForEnd(storage, conflicting, { mayDelete, timing, until });
  }
}

export class RepositoryLock implements AsyncDisposable {
  readonly session = randomBytes(8).toString('hex');
  readonly #storage: RepositoryStorage;
  readonly #kind: LockKind;
  readonly #mayDelete: boolean;
  readonly #timer: NodeJS.Timeout;
  #number = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(
    storage: RepositoryStorage,
    kind: LockKind,
    { mayDelete, timing }: { mayDelete: boolean; timing: LockTiming },
  ) {
    this.#storage = storage;
    this.#kind = kind;
    this.#mayDelete = mayDelete;
    this.#timer = setInterval(() => void this.renew().catch(() => {}), timing.renewalMs);
    this.#timer.unref();
  }

  async put(): Promise<void> {
    const holder = { kind: this.#kind, ...thisProcess() };
    try {
      await this.#storage.putIfAbsent(this.#key(this.#number), Buffer.from(`${JSON.stringify(holder)}\n`));
    } catch (error) {
      clearInterval(this.#timer);
      throw error;
    }
  }

  /** One after another; a renewal that fails leaves the lock with the number that it had. */
  renew(): Promise<void> {
    this.#work = this.#work
      .catch(() => {})
      .then(async () => {
        const before = this.#number;
        this.#number += 1;
        await this.put();
        if (this.#mayDelete) await this.#storage.delete(this.#key(before));
      });
    return this.#work;
  }

  /** @throws BudaoError repository_lock_lost */
  async requireHeld(): Promise<void> {
    const evicted = await this.#storage.get(evictedKey(this.#kind, this.session));
    if (evicted !== null) throw lockLost(this.#storage.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#work.catch(() => {});
    if (!this.#mayDelete) return;
    // A place that is away keeps the lock; whoever comes next finds that nobody renews it.
    await this.#storage.delete(this.#key(this.#number)).catch(() => {});
  }

  #key(number: number): string {
    return `${LOCKS}${this.#kind}-${this.session}.${String(number).padStart(8, '0')}.json`;
  }
}

/** Stays, holding its own lock, until the others have stood still for long enough; fails when one of them lives. */
async function outlive(
  lock: RepositoryLock,
  storage: RepositoryStorage,
  kinds: readonly LockKind[],
  timing: LockTiming,
): Promise<RepositoryLock> {
  try {
    const watch = new LockWatch(timing);
    for (;;) {
      const others = await locksOf(storage, kinds, lock.session);
      if (others.length === 0) return lock;
      watch.look(others);
      const gone = await goneOf(storage, others);
      const [live] = others.filter((other) => watch.isAlive(other) && !gone.has(other));
      if (live !== undefined) throw await locked(storage, live);
      for (const other of others) if (gone.has(other) || watch.isDead(other)) await evict(storage, other);
      if (gone.size === others.length) continue;
      await timing.pause(timing.lookMs);
    }
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function waitForEnd(
  storage: RepositoryStorage,
  kinds: readonly LockKind[],
  { mayDelete, timing, until }: { mayDelete: boolean; timing: LockTiming; until: number },
): Promise<void> {
  const watch = new LockWatch(timing);
  for (;;) {
    const others = await locksOf(storage, kinds, null);
    const [first] = others;
    if (first === undefined) return;
    watch.look(others);
    const gone = await goneOf(storage, others);
    const dead = others.filter((other) => gone.has(other) || watch.isDead(other));
    if (mayDelete) for (const other of dead) await evict(storage, other);
    if (dead.length === others.length) return;
    if (timing.monotonicMs() > until) throw await locked(storage, first);
    await timing.pause(timing.lookMs);
  }
}

/** Those of processes of this machine that have ended: nobody has to watch them. */
async function goneOf(storage: RepositoryStorage, locks: readonly SeenLock[]): Promise<Set<SeenLock>> {
  const gone = new Set<SeenLock>();
  for (const lock of locks) {
    const holder = await storage.get(lock.keys.at(-1) ?? '');
    if (holder !== null && isGone(holder.toString('utf8'))) gone.add(lock);
  }
  return gone;
}

/** For how long locks have kept their numbers under this watcher's eyes. */
class LockWatch {
  readonly #seen = new Map<string, { number: number; quietMs: number; hasMoved: boolean }>();
  readonly #timing: LockTiming;
  #lookedAt: number | null = null;

  constructor(timing: LockTiming) {
    this.#timing = timing;
  }

  look(locks: readonly SeenLock[]): void {
    const now = this.#timing.monotonicMs();
    // Whoever was frozen itself has not watched meanwhile.
    const watchedMs = this.#lookedAt === null ? 0 : Math.min(now - this.#lookedAt, 2 * this.#timing.lookMs);
    this.#lookedAt = now;
    for (const { session, number } of locks) {
      const seen = this.#seen.get(session);
      if (seen === undefined) this.#seen.set(session, { number, quietMs: 0, hasMoved: false });
      else if (seen.number === number) seen.quietMs += watchedMs;
      else this.#seen.set(session, { number, quietMs: 0, hasMoved: true });
    }
  }

  isAlive({ session }: SeenLock): boolean {
    return this.#seen.get(session)?.hasMoved === true;
  }

  isDead({ session }: SeenLock): boolean {
    return (this.#seen.get(session)?.quietMs ?? 0) >= this.#timing.watchMs;
  }
}

/** Those that nobody has evicted. */
async function locksOf(
  storage: RepositoryStorage,
  kinds: readonly LockKind[],
  except: string | null,
): Promise<SeenLock[]> {
  const found = new Map<string, SeenLock>();
  const evicted = new Set<string>();
  for await (const { key } of storage.list(LOCKS)) {
    const [, kind = '', session = '', mark = ''] = LOCK.exec(key) ?? [];
    if (mark === 'evicted') evicted.add(session);
    if (session === except || mark === 'evicted' || !(kinds as string[]).includes(kind)) continue;
    const lock = found.get(session) ?? { kind: kind as LockKind, session, number: 0, keys: [] };
    found.set(session, { ...lock, number: Math.max(lock.number, Number(mark)), keys: [...lock.keys, key] });
  }
  return [...found.values()].filter(({ session }) => !evicted.has(session));
}

async function evict(storage: RepositoryStorage, { kind, session, keys }: SeenLock): Promise<void> {
  await storage.putIfAbsent(evictedKey(kind, session), Buffer.from('{}\n'));
  for (const key of keys) await storage.delete(key);
}

function evictedKey(kind: LockKind, session: string): string {
  return `${LOCKS}${kind}-${session}.evicted.json`;
}

const WORK: Readonly<Record<LockKind, string>> = {
  write: 'a snapshot is being written',
  read: 'a snapshot is being restored from it',
  prune: 'a pruning is under way',
};

async function locked(storage: RepositoryStorage, { kind, keys }: SeenLock): Promise<BudaoError> {
  const holder = (await storage.get(keys.at(-1) ?? ''))?.toString('utf8').trim() ?? 'it has just ended';
  const work = WORK[kind];
  return new BudaoError(
    'unavailable',
    'repository_locked',
    `${storage.name} is in use: ${work} (${holder}). Wait until it has ended, or end it, and start again.`,
  );
}
