import type { DependencyState, DependencyView, ModelEndpoint } from '../../api/operations.ts';

export interface DependencyFacts {
  /** open: every process keeps calls away; partly: some do; trying: one call is let through to see. */
  state: 'well' | 'trying' | 'partly' | 'open';
  /** How many of the processes keep calls away. */
  away: number;
  processes: number;
  /** Since when it is so, in seconds since 1970. */
  since: number | null;
  nextTryAt: number | null;
  lastError: DependencyView['last_error'];
  p95Ms: number | null;
  calls: number;
  failures: number;
  refused: number;
  inFlight: number;
}

/** What all processes see, as one. */
export function factsOf({ processes: all }: DependencyState): DependencyFacts {
  const processes = all.filter(hasAVoice);
  const trying = processes.filter(isTrying);
  const away = processes.filter((view) => !view.is_usable && !isTrying(view));
  const concerned = away.length > 0 ? away : processes;
  const errors = processes.flatMap(({ last_error }) => (last_error === null ? [] : [last_error]));
  const slowest = processes.flatMap(({ p95_ms }) => (p95_ms === null ? [] : [p95_ms]));
  const tries = processes.flatMap(({ next_try_at }) => (next_try_at === null ? [] : [next_try_at]));
  const sum = (of: (view: DependencyView) => number) =>
    processes.reduce((total, view) => total + of(view), 0);
  return {
    state: stateOf(away.length, processes.length, trying.length > 0),
    away: away.length,
    processes: processes.length,
    since: concerned.length === 0 ? null : Math.min(...concerned.map(({ changed_at }) => changed_at)),
    nextTryAt: tries.length === 0 ? null : Math.min(...tries),
    lastError: errors.toSorted((one, other) => other.at - one.at)[0] ?? null,
    p95Ms: slowest.length === 0 ? null : Math.max(...slowest),
    calls: sum(({ calls }) => calls),
    failures: sum(({ failures }) => failures),
    refused: sum(({ refused }) => refused),
    inFlight: sum(({ in_flight }) => in_flight),
  };
}

/** Answers come from workers. Another process that calls nothing knows nothing, unless calls are kept away by hand. */
function hasAVoice({ role, calls, refused, is_usable }: DependencyView): boolean {
  return role === 'worker' || calls > 0 || refused > 0 || !is_usable;
}

/** A breaker whose rest is over lets the next call through; one that is set by hand tries nothing. */
function isTrying({ forced, condition, is_usable }: DependencyView): boolean {
  return forced === 'auto' && (condition === 'half-open' || (condition === 'open' && is_usable));
}

function stateOf(away: number, processes: number, trying: boolean): DependencyFacts['state'] {
  if (away > 0) return away === processes ? 'open' : 'partly';
  return trying ? 'trying' : 'well';
}

const KINDS = ['model', 'reranker', 'embedder', 'index', 'blobs'];

/** Models in the order in which they are tried, then what everything else rests on. */
export function inOrder(
  dependencies: readonly DependencyState[],
  models: readonly ModelEndpoint[],
): { dependency: DependencyState; position: number | null }[] {
  const positions = new Map(models.map(({ name, position }) => [name, position]));
  const rank = ({ name, kind }: DependencyState) =>
    KINDS.indexOf(kind) * 1_000 + (positions.get(name) ?? 999);
  return dependencies
    .toSorted((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name))
    .map((dependency) => ({ dependency, position: positions.get(dependency.name) ?? null }));
}
