/** How long clients were without text around each fault. */
import { isText } from '../support/history/check-streams.ts';
import { grouped, type History } from '../support/history/history.ts';

/** An answer that has been silent for so long is not flowing: what ails it came before. */
const FLOWING_MS = 500;

export interface Happening {
  kind: string;
  victim: string;
  goalMs: number | null;
  injectedMs: number;
  /** When everything was well again. */
  overMs: number;
}

export interface GapRow {
  kind: string;
  count: number;
  streams: number;
  p50: number;
  p99: number;
  max: number;
  goalMs: number | null;
}

/** Of each answer that was flowing when the fault came, the longest silence that began before everything was well again. */
export function measureGaps(history: History, happenings: readonly Happening[]): GapRow[] {
  const streams = [...grouped(history.events, (event) => event.reader).values()].map((events) =>
    events.filter(isText).map((event) => event.atMs),
  );
  return [...grouped(happenings, (happening) => happening.kind)]
    .map(([kind, own]) => {
      const gaps = own.flatMap((happening) => streams.flatMap((times) => longestSilence(times, happening)));
      return {
        kind,
        count: own.length,
        streams: gaps.length,
        p50: percentile(gaps, 0.5),
        p99: percentile(gaps, 0.99),
        max: Math.max(...gaps),
        goalMs: own[0]?.goalMs ?? null,
      };
    })
    .sort((left, right) => (left.kind < right.kind ? -1 : 1));
}

function longestSilence(times: readonly number[], { injectedMs, overMs }: Happening): number[] {
  const [first, last] = [times[0] ?? Infinity, times.at(-1) ?? -Infinity];
  if (first >= injectedMs || last <= injectedMs) return [];
  const lastBefore = times.findLast((at) => at <= injectedMs) ?? -Infinity;
  if (lastBefore < injectedMs - FLOWING_MS) return [];
  const gaps = times.slice(1).flatMap((at, index) => {
    const before = times[index] ?? at;
    return at > injectedMs && before < overMs ? [at - before] : [];
  });
  return [Math.max(...gaps)];
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function describeGaps(rows: readonly GapRow[]): string {
  return rows
    .map((row) => {
      const figures = [row.p50, row.p99, row.max].map((value) => `${Math.round(value)}`.padStart(6)).join('');
      const goal = row.goalMs === null ? '' : `  goal ${row.goalMs}${row.p99 > row.goalMs ? ' MISSED' : ''}`;
      return `${row.kind.padEnd(34)}${String(row.count).padStart(3)}${String(row.streams).padStart(5)}${figures}${goal}`;
    })
    .join('\n');
}
