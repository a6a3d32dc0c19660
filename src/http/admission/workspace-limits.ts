import { limitsFromSettings, type WorkspaceLimits } from '../../contract/workspace-limits.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';

/** A change of an owner is felt after this at the latest, in every process. */
const KEPT_MS = 2_000;
const MAX_KEPT = 10_000;

/** The limits of workspaces, read now and then rather than with each request. */
export class LimitsReader {
  readonly #ledger: Ledger;
  readonly #kept = new Map<string, { limits: WorkspaceLimits; readAtMs: number }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async of(workspaceId: string): Promise<WorkspaceLimits> {
    const kept = this.#kept.get(workspaceId);
    const nowMs = performance.now();
    if (kept !== undefined && nowMs - kept.readAtMs < KEPT_MS) return kept.limits;
    const row = await scopeSql(this.#ledger.read, workspaceId).get<{ settings: string }>(
      'SELECT settings FROM workspace WHERE id = :workspace',
    );
    const limits = limitsFromSettings(row?.settings ?? null);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(workspaceId, { limits, readAtMs: nowMs });
    return limits;
  }
}
