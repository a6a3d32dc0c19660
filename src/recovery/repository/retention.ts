/** Which snapshots are kept: the newest of each hour, day, week and month, for as many of them as is wished. */

export interface Retention {
  /** The newest so many, whatever their age; at least one is kept always. */
  last: number;
  hourly: number;
  daily: number;
  weekly: number;
  monthly: number;
  yearly: number;
  /** Documents of snapshots that are no longer kept stay for ever, found by their hash. */
  keepDocuments: boolean;
}

export const DEFAULT_RETENTION: Retention = {
  last: 10,
  hourly: 24,
  daily: 7,
  weekly: 5,
  monthly: 12,
  yearly: 3,
  keepDocuments: true,
};

interface Dated {
  key: string;
  installationId: string;
  createdAt: number;
}

const DAY_MS = 24 * 60 * 60_000;

/** In UTC, so that the same snapshots are kept wherever this is asked. */
const PERIODS: [Exclude<keyof Retention, 'last' | 'keepDocuments'>, (at: number) => string][] = [
  ['hourly', (at) => new Date(at).toISOString().slice(0, 13)],
  ['daily', (at) => new Date(at).toISOString().slice(0, 10)],
  // The epoch began on a Thursday; weeks begin on Monday.
  ['weekly', (at) => String(Math.floor((at / DAY_MS + 3) / 7))],
  ['monthly', (at) => new Date(at).toISOString().slice(0, 7)],
  ['yearly', (at) => new Date(at).toISOString().slice(0, 4)],
];

/** Reasons to keep each, by key; each installation has its own places. What has none may go. */
export function reasonsToKeep(snapshots: readonly Dated[], retention: Retention): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  const byInstallation = Map.groupBy(snapshots, ({ installationId }) => installationId);
  for (const own of byInstallation.values()) {
    const newestFirst = own.toSorted(
      (left, right) => right.createdAt - left.createdAt || (left.key < right.key ? 1 : -1),
    );
    const keep = (reason: string, most: number, placeOf: (snapshot: Dated) => string): void => {
      const taken = new Set<string>();
      for (const snapshot of newestFirst) {
        const place = placeOf(snapshot);
        if (taken.size >= most || taken.has(place)) continue;
        taken.add(place);
        reasons.set(snapshot.key, [...(reasons.get(snapshot.key) ?? []), reason]);
      }
    };
    keep('last', Math.max(1, retention.last), ({ key }) => key);
    for (const [period, nameOf] of PERIODS)
      keep(period, retention[period], ({ createdAt }) => nameOf(createdAt));
  }
  return reasons;
}
