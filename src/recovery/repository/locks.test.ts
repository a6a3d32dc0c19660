import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { isGone, thisProcess } from './lock-holder.ts';
import { LOCK_TIMING, type LockTiming, takeLock } from './locks.ts';
import {
  contentsOf,
  createBench,
  describe as description,
  referenceTo,
  takeSnapshot,
} from './testing/bench.ts';
import { MemoryStorage } from './testing/memory-storage.ts';

/** Time that passes only while somebody waits; each wait may do something. */
function createTime(
  onPause: (waits: number) => Promise<void> = async () => {},
): LockTiming & { waits: number } {
  const time = {
    ...LOCK_TIMING,
    renewalMs: 2 ** 30,
    waits: 0,
    nowMs: 0,
    monotonicMs: () => time.nowMs,
    async pause(ms: number) {
      time.waits += 1;
      time.nowMs += ms;
      await onPause(time.waits);
    },
  };
  return time;
}

describe('a lock', () => {
  test('is shared by writers, and gone when they are', async () => {
    const storage = new MemoryStorage();
    {
      await using one = await takeLock(storage, 'write', { mayDelete: true });
      await using two = await takeLock(storage, 'write', { mayDelete: true });
      await Promise.all([one.requireHeld(), two.requireHeld()]);
      expect(storage.files.size).toBe(2);
    }
    expect(storage.files.size).toBe(0);
  });

  test('of a writer that lives stops a pruning, with its name, whatever the clocks say', async () => {
    const storage = new MemoryStorage();
    await using writer = await takeLock(storage, 'write', { mayDelete: true });
    const timing = createTime(async () => {
      storage.now += 10 * 365 * 24 * 60 * 60_000;
      await writer.renew();
    });
    const pruning = takeLock(storage, 'prune', { mayDelete: true, timing });
    await expect(pruning).rejects.toMatchObject({
      code: 'repository_locked',
      message: expect.stringContaining(`"pid":${process.pid}`),
    });
    await writer.requireHeld();
    expect(storage.files.size).toBe(1);
  });

  test('of a dead writer is taken away after it was watched, though the clock was set back', async () => {
    const storage = new MemoryStorage();
    await takeLock(storage, 'write', { mayDelete: true });
    storage.now -= 365 * 24 * 60 * 60_000;
    const timing = createTime();
    await using pruning = await takeLock(storage, 'prune', { mayDelete: true, timing });
    await pruning.requireHeld();
    expect(timing.waits * timing.lookMs).toBeGreaterThanOrEqual(timing.watchMs);
  });

  test('of a process of this machine that was killed is taken away at once', async () => {
    const storage = new MemoryStorage();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const { place } = thisProcess();
    const holder = { kind: 'write', host: hostname(), pid: child.pid, since: '', place, started: null };
    const key = 'locks/write-00000000000000aa.00000000.json';
    await storage.put(key, Buffer.from(JSON.stringify(holder)));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const timing = createTime();
    await using pruning = await takeLock(storage, 'prune', { mayDelete: true, timing });
    await pruning.requireHeld();
    expect(timing.waits).toBe(0);
    expect(storage.files.has(key)).toBe(false);
  });

  test('of another machine or of a process that lives is only watched', async () => {
    const own = thisProcess();
    expect(isGone(JSON.stringify(own))).toBe(false);
    expect(isGone(JSON.stringify({ ...own, place: 'elsewhere', pid: 2 ** 22 + 1 }))).toBe(false);
    expect(isGone(JSON.stringify({ ...own, started: '1' }))).toBe(true);
    expect(isGone('no lock')).toBe(false);
  });

  test('of a restore keeps a pruning away, and none of a writer does it harm', async () => {
    const storage = new MemoryStorage();
    await using writing = await takeLock(storage, 'write', { mayDelete: true });
    await using reading = await takeLock(storage, 'read', { mayDelete: true });
    await writing.requireHeld();
    const timing = createTime(() => reading.renew());
    await expect(takeLock(storage, 'prune', { mayDelete: true, timing })).rejects.toMatchObject({
      code: 'repository_locked',
      message: expect.stringContaining('restored'),
    });
  });

  test('is not taken away by a watcher that was itself frozen', async () => {
    const storage = new MemoryStorage();
    const writer = await takeLock(storage, 'write', { mayDelete: true });
    const timing = createTime(async (waits) => {
      if (waits === 3) await writer.renew();
    });
    const { monotonicMs } = timing;
    timing.monotonicMs = () => monotonicMs() + (timing.waits > 1 ? 60 * 60_000 : 0);
    await expect(takeLock(storage, 'prune', { mayDelete: true, timing })).rejects.toMatchObject({
      code: 'repository_locked',
    });
    await writer[Symbol.asyncDispose]();
  });

  test('of a pruning is waited for by a writer, which then goes on', async () => {
    const storage = new MemoryStorage();
    const pruning = await takeLock(storage, 'prune', { mayDelete: true });
    const timing = createTime(async (waits) => {
      if (waits === 3) await pruning[Symbol.asyncDispose]();
    });
    await using writer = await takeLock(storage, 'write', { mayDelete: true, timing });
    await writer.requireHeld();
    expect(timing.waits).toBe(3);
  });

  test('of a pruning that takes too long stops a writer, which leaves nothing behind', async () => {
    const storage = new MemoryStorage();
    await using pruning = await takeLock(storage, 'prune', { mayDelete: true });
    const timing = createTime(() => pruning.renew());
    await expect(takeLock(storage, 'write', { mayDelete: true, timing })).rejects.toMatchObject({
      code: 'repository_locked',
    });
    expect(storage.files.size).toBe(1);
  });
});

describe('a writer whose lock was taken away while it was frozen', () => {
  test('publishes nothing, although it goes on to renew its lock', async () => {
    const place = new MemoryStorage();
    await using bench = await createBench({ place });
    const repository = await bench.open();
    await takeSnapshot(repository, ['one']);
    const before = (await repository.list()).manifests;
    await using writer = await repository.write();
    const rows = Buffer.from('rows');
    await writer.add(referenceTo(rows), rows);
    const lock = [...place.files.keys()].find((key) => key.startsWith('locks/write-'));
    const pruning = await bench.open({ lockTiming: createTime() });
    const options = {
      retention: { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, keepDocuments: true },
    };
    await pruning.prune(options, await pruning.planPrune(options));
    expect(place.files.has(lock ?? '')).toBe(false);
    const publication = writer.publish(contentsOf([], referenceTo(rows)), description());
    await expect(publication).rejects.toMatchObject({ code: 'repository_lock_lost' });
    expect((await repository.list()).manifests).toEqual(before);
  });
});
