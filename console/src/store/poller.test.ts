import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Observable } from './observable.ts';
import { Poller, type PollerOptions } from './poller.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_000 }));
afterEach(() => {
  for (const poller of started) poller.stop();
  started = [];
  vi.useRealTimers();
});

const shown = () => new Observable<boolean>(false);
let started: Poller<number>[] = [];

function start(options: PollerOptions<number>): Poller<number> {
  const poller = new Poller(options);
  started.push(poller);
  return poller;
}

describe('what is read again and again', () => {
  test('stays on the screen while the server is away, with the time it is from, and goes on by itself', async () => {
    const away = new Error('away');
    const read = vi
      .fn<() => Promise<number>>()
      .mockResolvedValueOnce(1)
      .mockRejectedValueOnce(away)
      .mockResolvedValue(3);
    const poller = start({ read, intervalMs: 2_000, isHidden: shown() });
    await vi.advanceTimersByTimeAsync(0);
    expect(poller.state.get()).toEqual({ value: 1, error: null, readAt: 1_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(poller.state.get()).toEqual({ value: 1, error: away, readAt: 1_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(poller.state.get()).toEqual({ value: 3, error: null, readAt: 5_000 });
  });

  test('is not read while nobody looks, and at once when somebody looks again', async () => {
    const read = vi.fn<() => Promise<number>>().mockResolvedValue(1);
    const isHidden = new Observable<boolean>(true);
    const poller = start({ read, intervalMs: 2_000, isHidden });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(read).not.toHaveBeenCalled();
    isHidden.set(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(poller.state.get().value).toBe(1);
  });

  test('is read once more after a change, though a reading from before the change is still under way', async () => {
    const slow = Promise.withResolvers<number>();
    const read = vi.fn<() => Promise<number>>().mockReturnValueOnce(slow.promise).mockResolvedValue(2);
    const poller = start({ read, intervalMs: 60_000, isHidden: shown() });
    await vi.advanceTimersByTimeAsync(0);
    poller.readNow();
    slow.resolve(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(poller.state.get().value).toBe(2);
  });

  test('is left alone after the view has gone', async () => {
    const read = vi.fn<() => Promise<number>>().mockResolvedValue(1);
    const poller = start({ read, intervalMs: 2_000, isHidden: shown() });
    await vi.advanceTimersByTimeAsync(0);
    poller.stop();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(read).toHaveBeenCalledTimes(1);
  });
});
