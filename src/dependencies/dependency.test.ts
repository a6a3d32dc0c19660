import { describe, expect, test, vi } from 'vitest';
import { BudaoError } from '../contract/errors.ts';
import { Dependency, type DependencyOptions } from './dependency.ts';

function create(options: Partial<DependencyOptions> = {}): Dependency {
  return new Dependency({ name: 'thing', kind: 'index', ...options });
}

const failing = (): Promise<never> => Promise.reject(new Error('down'));
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'went well',
    (error: unknown) => (error instanceof BudaoError ? error.code : String(error)),
  );

/** Calls that stay until they are let go. */
function held(dependency: Dependency): { done: Promise<string>; release: () => void } {
  const gate = Promise.withResolvers<void>();
  return { done: codeOf(dependency.call(() => gate.promise)), release: gate.resolve };
}

describe('a full bulkhead', () => {
  test('turns away whoever finds no place in the short queue, and takes no failure from it', async () => {
    const dependency = create({ bulkhead: { calls: 1, queue: 1, queueMs: 10_000 } });
    const first = held(dependency);
    const second = held(dependency);
    expect(await codeOf(dependency.call(async () => 1))).toBe('dependency_busy');
    expect(dependency.state).toMatchObject({
      inFlight: 1,
      waiting: 1,
      refused: 1,
      failures: 0,
      condition: 'closed',
    });
    first.release();
    second.release();
    expect(await Promise.all([first.done, second.done])).toEqual(['went well', 'went well']);
    expect(dependency.state).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  test('lets nobody wait for longer than it may, and gives no place to who has left', async () => {
    const dependency = create({ bulkhead: { calls: 1, queue: 5, queueMs: 20 } });
    const first = held(dependency);
    const work = vi.fn<() => Promise<number>>(async () => 1);
    expect(await codeOf(dependency.call(work))).toBe('dependency_busy');
    const controller = new AbortController();
    const leaving = dependency.call(work, { signal: controller.signal });
    controller.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    first.release();
    await first.done;
    expect(await codeOf(dependency.call(async () => 1))).toBe('went well');
    expect(work).not.toHaveBeenCalled();
  });
});

test('whoever leaves in the very moment in which a place becomes free takes none with them', async () => {
  const dependency = create({ bulkhead: { calls: 1, queue: 1, queueMs: 10_000 } });
  for (let turns = 0; turns < 12; turns++) {
    const first = await dependency.enter();
    const controller = new AbortController();
    const leaving = dependency.enter(controller.signal).then(
      (entered) => entered.end(),
      () => {},
    );
    first.end();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    controller.abort(new Error('left'));
    await leaving;
    await new Promise(setImmediate);
    expect(dependency.state, `after ${turns} turns`).toMatchObject({ inFlight: 0, waiting: 0 });
  }
});

test('whoever has left already does not wait for a place', async () => {
  const dependency = create({ bulkhead: { calls: 1, queue: 1, queueMs: 600_000 } });
  const first = held(dependency);
  await expect(dependency.enter(AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  expect(dependency.state).toMatchObject({ inFlight: 1, waiting: 0 });
  first.release();
  await first.done;
});

describe('the breaker', () => {
  test('opens on failures in a row, and says so without calling', async () => {
    const dependency = create();
    for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
    const work = vi.fn<() => Promise<number>>(async () => 1);
    expect(await codeOf(dependency.call(work))).toBe('dependency_resting');
    expect(work).not.toHaveBeenCalled();
    expect(dependency.state).toMatchObject({ condition: 'open', isUsable: false, failures: 3, refused: 1 });
  });

  test('is closed again by one good call after a sign of recovery', async () => {
    const changes: string[] = [];
    const dependency = create();
    dependency.onChange = (change) => changes.push(change);
    for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
    dependency.endRest();
    expect(dependency.isUsable).toBe(true);
    await codeOf(dependency.call(failing));
    expect(dependency.isUsable).toBe(false);
    dependency.endRest();
    expect(await codeOf(dependency.call(async () => 1))).toBe('went well');
    expect(dependency.state).toMatchObject({ condition: 'closed', lastError: null });
    expect(changes).toEqual(['opened', 'rested', 'opened', 'rested', 'closed']);
  });

  test('says since when it has been open, however often it was tried meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
    try {
      const dependency = create();
      for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
      vi.setSystemTime(1_060_000);
      dependency.endRest();
      await codeOf(dependency.call(failing));
      expect(dependency.state).toMatchObject({ condition: 'open', changedAt: 1_000_000 });
      dependency.endRest();
      expect(await codeOf(dependency.call(async () => 1))).toBe('went well');
      expect(dependency.state).toMatchObject({ condition: 'closed', changedAt: 1_060_000 });
    } finally {
      vi.useRealTimers();
    }
  });

  test('may be tried when its rest is over, and is trusted again only when something has answered', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
    try {
      const dependency = create();
      for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
      expect(dependency.state).toMatchObject({ isUsable: false, isTrusted: false });
      vi.setSystemTime(2_000_000);
      expect(dependency.state).toMatchObject({ isUsable: true, isTrusted: false });
      dependency.endRest();
      expect(dependency.state).toMatchObject({ isUsable: true, isTrusted: true });
      await codeOf(dependency.call(failing));
      vi.setSystemTime(3_000_000);
      expect(dependency.state).toMatchObject({ isUsable: true, isTrusted: false });
      expect(await codeOf(dependency.call(async () => 1))).toBe('went well');
      expect(dependency.state).toMatchObject({ isUsable: true, isTrusted: true });
    } finally {
      vi.useRealTimers();
    }
  });

  test('lets one probe through, and everybody else waits for nothing', async () => {
    const dependency = create();
    for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
    dependency.endRest();
    const probe = held(dependency);
    await vi.waitUntil(() => dependency.state.condition === 'half-open', 30_000);
    expect(await codeOf(dependency.call(async () => 1))).toBe('dependency_resting');
    probe.release();
    await probe.done;
    expect(await codeOf(dependency.call(async () => 1))).toBe('went well');
  });

  test('set by hand: open lets nothing through, closed everything, and auto begins anew', async () => {
    const dependency = create();
    dependency.force('open');
    expect(await codeOf(dependency.call(async () => 1))).toBe('dependency_resting');
    dependency.force('closed');
    for (let count = 0; count < 5; count++)
      expect(await codeOf(dependency.call(failing))).toBe('Error: down');
    expect(dependency.state).toMatchObject({ condition: 'closed', forced: 'closed' });
    dependency.force('auto');
    for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
    expect(dependency.state).toMatchObject({ condition: 'open', forced: 'auto' });
  });

  test('does not hold against the dependency what was wrong with the request', async () => {
    const dependency = create({ isFailure: () => false });
    for (let count = 0; count < 5; count++) await codeOf(dependency.call(failing));
    expect(dependency.state).toMatchObject({ condition: 'closed', failures: 0 });
  });
});

test('the words in which one request was refused are for the log, and not for everybody who sees the state', async () => {
  const told: unknown[] = [];
  const dependency = create({ isFailure: () => false });
  dependency.onRefusal = (error) => told.push(error);
  const refusal = new BudaoError('unavailable', 'upstream_refused', 'No: "the salary of Zhang San".');
  const open = await dependency.enter();
  await open.fail(refusal);
  open.end();
  expect(dependency.state.lastError).toMatchObject({ code: 'upstream_refused' });
  expect(JSON.stringify(dependency.state)).not.toContain('Zhang San');
  expect(told).toEqual([refusal]);
});

test('a call that takes too long is given up, and counts as a failure', async () => {
  const dependency = create({ timeoutMs: 20 });
  expect(await codeOf(dependency.call(() => new Promise(() => {})))).toBe('dependency_timeout');
  expect(dependency.state).toMatchObject({
    failures: 1,
    inFlight: 0,
    lastError: { code: 'dependency_timeout' },
  });
});

describe('hedging', () => {
  /** Enough quick calls to know what is slow. */
  async function learn(dependency: Dependency): Promise<void> {
    for (let count = 0; count < 20; count++) await dependency.call(async () => 0);
  }

  test('a second try beside a slow first one answers for it, and the first one is called off', async () => {
    const dependency = create();
    await learn(dependency);
    const signals: AbortSignal[] = [];
    const value = await dependency.call(
      (signal) => {
        signals.push(signal);
        return signals.length === 1 ? new Promise(() => {}) : Promise.resolve('second');
      },
      { hedge: true },
    );
    expect(value).toBe('second');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(dependency.state).toMatchObject({ hedges: 1, hedgesWon: 1 });
  });

  test('takes from the budget of retries: when that is spent, slow calls are only waited for', async () => {
    const dependency = create({ retries: { share: 0, least: 1 } });
    await learn(dependency);
    const gate = Promise.withResolvers<string>();
    let calls = 0;
    const slow = (): Promise<string> => {
      calls++;
      return gate.promise;
    };
    const both = [dependency.call(slow, { hedge: true }), dependency.call(slow, { hedge: true })];
    await vi.waitUntil(() => dependency.state.retriesRefused === 1, 30_000);
    gate.resolve('late');
    expect(await Promise.all(both)).toEqual(['late', 'late']);
    expect(calls).toBe(3);
  });

  test('fails with the first error when both tries fail', async () => {
    const dependency = create();
    await learn(dependency);
    let calls = 0;
    const work = async (): Promise<never> => {
      const call = ++calls;
      await vi.waitUntil(() => calls === 2, 30_000);
      throw new Error(`try ${call}`);
    };
    await expect(dependency.call(work, { hedge: true })).rejects.toThrow('try 1');
  });
});

test('a probe that goes well ends the rest, without anybody asking', async () => {
  vi.useFakeTimers();
  try {
    let isWell = false;
    using dependency = create({ probe: async () => (isWell ? undefined : failing()) });
    for (let count = 0; count < 3; count++) await codeOf(dependency.call(failing));
    await vi.advanceTimersByTimeAsync(4_500);
    expect(dependency.isUsable).toBe(false);
    isWell = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(dependency.isUsable).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
