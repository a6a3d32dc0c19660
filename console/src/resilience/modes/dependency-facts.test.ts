import { describe, expect, test } from 'vitest';
import type { DependencyState, DependencyView, ModelEndpoint } from '../../api/operations.ts';
import { factsOf, inOrder } from './dependency-facts.ts';

const view = (change: Partial<DependencyView>): DependencyView => ({
  process_id: 'p',
  role: 'worker',
  reported_at: 100,
  condition: 'closed',
  forced: 'auto',
  is_usable: true,
  changed_at: 50,
  next_try_at: null,
  last_error: null,
  in_flight: 0,
  waiting: 0,
  p95_ms: null,
  calls: 0,
  failures: 0,
  refused: 0,
  ...change,
});
const dependency = (name: string, kind: string, processes: DependencyView[] = []): DependencyState => ({
  name,
  kind,
  forced: 'auto',
  override: null,
  processes,
});

describe('a dependency as all processes see it', () => {
  test('is partly away while some processes still call it, since the first of them stopped', () => {
    const open = (changed_at: number) => view({ condition: 'open', is_usable: false, changed_at });
    expect(factsOf(dependency('a', 'model', [open(70), view({}), open(60)]))).toMatchObject({
      state: 'partly',
      away: 2,
      since: 60,
    });
    expect(factsOf(dependency('a', 'model', [open(70)])).state).toBe('open');
    expect(
      factsOf(dependency('a', 'model', [view({ condition: 'half-open', is_usable: false })])).state,
    ).toBe('trying');
  });

  test('that is switched off by hand is away though its calls went well, and kept on by hand it is not', () => {
    const off = view({ forced: 'open', is_usable: false });
    expect(factsOf(dependency('a', 'model', [off, off])).state).toBe('open');
    const on = view({ forced: 'closed', condition: 'open' });
    expect(factsOf(dependency('a', 'model', [on, on])).state).toBe('well');
  });

  test('is away when no worker calls it, whatever a process says that calls nothing', () => {
    const open = view({ condition: 'open', is_usable: false, calls: 4 });
    expect(factsOf(dependency('a', 'model', [view({ role: 'api' }), open, open]))).toMatchObject({
      state: 'open',
      processes: 2,
    });
  });

  test('whose rest is over is tried with the next call', () => {
    expect(factsOf(dependency('a', 'model', [view({ condition: 'open' })])).state).toBe('trying');
  });

  test('shows the newest error and the slowest process, and adds up calls', () => {
    const error = (code: string, at: number) => ({ code, message: code, at });
    const facts = factsOf(
      dependency('a', 'model', [
        view({ last_error: error('old', 1), p95_ms: 20, calls: 3, failures: 1 }),
        view({ last_error: error('new', 2), p95_ms: 90, calls: 4 }),
      ]),
    );
    expect(facts).toMatchObject({ p95Ms: 90, calls: 7, failures: 1, lastError: { code: 'new' } });
  });

  test('of which nobody has reported is no failure', () => {
    expect(factsOf(dependency('a', 'index'))).toMatchObject({ state: 'well', since: null, p95Ms: null });
  });
});

test('models come first, in the order in which they are tried', () => {
  const [second, index, first] = [
    dependency('model:a', 'model'),
    dependency('index', 'index'),
    dependency('model:z', 'model'),
  ];
  const models = [
    { ...first, model: 'z', position: 0 },
    { ...second, model: 'a', position: 1 },
  ] as ModelEndpoint[];
  expect(
    inOrder([second, index, first] as DependencyState[], models).map((one) => one.dependency.name),
  ).toEqual(['model:z', 'model:a', 'index']);
});
