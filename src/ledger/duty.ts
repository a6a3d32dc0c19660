import type { Sql } from './ledger.ts';

/**
 * Takes or keeps a duty that only one process of the installation has at a time, such as tidying up. Whoever holds it
 * comes again before `ttlMs` is over; when it has died, the next to ask takes over.
 *
 * @returns whether `owner` has the duty until `now + ttlMs`
 */
export async function holdDuty(
  tx: Sql,
  duty: { name: string; owner: string; now: number; ttlMs: number },
): Promise<boolean> {
  const { name, owner, now, ttlMs } = duty;
  const held = await tx.get(
    `INSERT INTO duty (name, owner, until) VALUES (:name, :owner, :until)
     ON CONFLICT (name) DO UPDATE SET owner = :owner, until = :until
       WHERE duty.owner = :owner OR duty.until <= :now OR duty.until > :furthest
     RETURNING name`,
    // A duty that lies further ahead than any was written before the clock was set back.
    { name, owner, now, until: now + ttlMs, furthest: now + 10 * ttlMs },
  );
  return held !== undefined;
}

/** On leaving, so that the next one need not wait. */
export async function leaveDuties(tx: Sql, owner: string): Promise<void> {
  await tx.run('DELETE FROM duty WHERE owner = :owner', { owner });
}
