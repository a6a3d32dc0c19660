import type { KnowledgeBase } from './knowledge-bases.ts';

const DAY_MS = 24 * 60 * 60_000;

/** Milliseconds since the epoch, or null for one that stays. */
export function expiresAt(base: Pick<KnowledgeBase, 'activeAt' | 'expiresAfter'>): number | null {
  return base.expiresAfter === null ? null : base.activeAt + base.expiresAfter.days * DAY_MS;
}

export function isExpired(base: Pick<KnowledgeBase, 'activeAt' | 'expiresAfter'>, now: number): boolean {
  const at = expiresAt(base);
  return at !== null && at <= now;
}
