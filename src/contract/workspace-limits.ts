import { z } from 'zod';

/**
 * What one workspace may take of the installation. Work that waits is shared fairly in any case; these keep one
 * workspace from filling slots, queues and connections that the next one will want in a moment.
 */
export const WORKSPACE_LIMITS = {
  /** Answers that are being written at once. */
  running_answers: { default: 1_000, max: 100_000 },
  /** Questions that wait for a worker; one more is refused with 429. */
  queued_answers: { default: 500, max: 100_000 },
  /** Documents that are being read at once. */
  running_ingests: { default: 16, max: 1_000 },
  /** Uploads under way in each API process; browsers and client libraries send up to six at once. */
  uploads: { default: 16, max: 1_000 },
  /** For each API key, counted by each API process for its share of all. */
  requests_per_minute: { default: 6_000, max: 1_000_000 },
  /** For each person who has signed in, counted likewise; several windows of the console stay far below. */
  session_requests_per_minute: { default: 3_000, max: 1_000_000 },
} as const;

export type WorkspaceLimit = keyof typeof WORKSPACE_LIMITS;
export type WorkspaceLimits = Readonly<Record<WorkspaceLimit, number>>;

const limit = ({ max }: { max: number }) => z.int().min(1).max(max).nullable().optional();

/** A change of some of them; null goes back to the default. */
export const WorkspaceLimitsChange = z.strictObject({
  running_answers: limit(WORKSPACE_LIMITS.running_answers),
  queued_answers: limit(WORKSPACE_LIMITS.queued_answers),
  running_ingests: limit(WORKSPACE_LIMITS.running_ingests),
  uploads: limit(WORKSPACE_LIMITS.uploads),
  requests_per_minute: limit(WORKSPACE_LIMITS.requests_per_minute),
  session_requests_per_minute: limit(WORKSPACE_LIMITS.session_requests_per_minute),
});
export type WorkspaceLimitsChange = z.infer<typeof WorkspaceLimitsChange>;

/** As the settings of a workspace hold them, which may have been written by another version. */
export type StoredLimits = Readonly<Record<string, unknown>>;

/** What is missing or makes no sense counts as the default. */
export function effectiveLimits(stored: StoredLimits = {}): WorkspaceLimits {
  const entries = Object.entries(WORKSPACE_LIMITS).map(([name, { default: standard, max }]) => {
    const value = stored[name];
    return [name, typeof value === 'number' && value >= 1 && value <= max ? value : standard];
  });
  return Object.fromEntries(entries) as WorkspaceLimits;
}

/** From the settings that a workspace's row holds, as JSON. */
export function limitsFromSettings(settings: string | null): WorkspaceLimits {
  if (settings === null || !settings.includes('"limits"')) return effectiveLimits();
  return effectiveLimits((JSON.parse(settings) as { limits?: StoredLimits }).limits);
}

/** What bounds the runs of a kind that a workspace has under way. */
export function runningLimit(kind: string, settings: string | null): number {
  const name = RUNNING_LIMITS[kind];
  return name === undefined ? Number.POSITIVE_INFINITY : limitsFromSettings(settings)[name];
}

const RUNNING_LIMITS: Readonly<Record<string, WorkspaceLimit>> = {
  answer: 'running_answers',
  ingest: 'running_ingests',
};
