import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { forgetMarkedRequests, REQUEST_KEPT_MS } from '../../ledger/made-once.ts';
import { scopeSql } from '../../ledger/scope.ts';
import type { RunHandler } from '../../runs/run.ts';
import { submitRun } from '../../runs/run-store.ts';
import { isExpired } from '../library/expiry.ts';
import type { KnowledgeBase } from '../library/knowledge-bases.ts';
import { submitIndexing } from '../library/memberships.ts';
import type { DoctorStores } from './examination.ts';
import { examine } from './examine.ts';

/** Expires knowledge bases, forgets what is no longer repeated, and repairs what is derived: once an hour, and after every start. */
export const MAINTAIN_RUN = 'maintain';

/** Belongs to no tenant. */
const SYSTEM_WORKSPACE = 'system';
const TIMEOUT_MS = 60 * 60_000;
const MAX_FINDINGS_KEPT = 200;
const HOUR_MS = 60 * 60_000;

/** `startId` names one start of the service: its processes share one run, and the next start has its own. */
export type MaintenanceOccasion = 'hourly' | { startId: string };

/** @returns the run to announce, or null when somebody has submitted it already */
export async function submitMaintenance(
  tx: Sql,
  occasion: MaintenanceOccasion,
  now: number,
): Promise<{ kind: string } | null> {
  const idempotencyKey =
    occasion === 'hourly'
      ? `hourly ${new Date(now).toISOString().slice(0, 13)}`
      : `start ${occasion.startId}`;
  const request = {
    kind: MAINTAIN_RUN,
    workspaceId: SYSTEM_WORKSPACE,
    subjectId: MAINTAIN_RUN,
    input: { occasion: occasion === 'hourly' ? 'hourly' : 'start' },
    idempotencyKey,
    priority: -20,
    timeoutMs: TIMEOUT_MS,
  };
  const { created } = await submitRun(tx, request, now);
  return created ? { kind: MAINTAIN_RUN } : null;
}

/** `forgetOld` removes what is kept for a while only. */
export function createMaintainHandler(
  stores: DoctorStores,
  forgetOld: (now: number) => Promise<object> = async () => ({}),
): RunHandler {
  return {
    kind: MAINTAIN_RUN,
    concurrency: 1,
    async handle() {
      const expired = await expireKnowledgeBases(stores.ledger, ledgerTime());
      await forgetOldRequests(stores.ledger, ledgerTime());
      const forgotten = await forgetOld(ledgerTime());
      const { findings } = await examine(stores, { fix: true, quick: true });
      return {
        status: 'completed',
        result: {
          expired,
          forgotten,
          found: findings.length,
          findings: findings.slice(0, MAX_FINDINGS_KEPT),
        },
      };
    },
  };
}

/** Submits maintenance at once and then hourly; whoever looks first in a new hour does it for all. */
export class MaintenanceSchedule implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor(options: {
    ledger: Ledger;
    startId: string;
    announce: (run: { kind: string }) => void;
    onError: (error: unknown) => void;
  }) {
    const submit = (occasion: MaintenanceOccasion): void => {
      options.ledger
        .transaction((tx) => submitMaintenance(tx, occasion, ledgerTime()))
        .then((run) => run !== null && options.announce(run))
        .catch(options.onError);
    };
    submit({ startId: options.startId });
    this.#timer = setInterval(() => submit('hourly'), HOUR_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function forgetOldRequests(ledger: Ledger, now: number): Promise<void> {
  const before = now - REQUEST_KEPT_MS;
  while ((await ledger.transaction((tx) => forgetMarkedRequests(tx, before))) > 0);
}

/** Their documents leave, as files they stay; the knowledge base remains, marked as expired. */
export async function expireKnowledgeBases(ledger: Ledger, now: number): Promise<string[]> {
  const candidates = await ledger.read.all<{
    id: string;
    workspace_id: string;
    active_at: number;
    expires_after: string;
  }>(
    `SELECT id, workspace_id, active_at, expires_after FROM knowledge_base AS base
     WHERE expires_after IS NOT NULL AND deleted_at IS NULL AND EXISTS (
       SELECT 1 FROM knowledge_base_document AS link
       WHERE link.knowledge_base_id = base.id AND link.status <> 'removing')`,
  );
  const expired = candidates.filter((row) =>
    isExpired(
      {
        activeAt: row.active_at,
        expiresAfter: JSON.parse(row.expires_after) as KnowledgeBase['expiresAfter'],
      },
      now,
    ),
  );
  for (const { id, workspace_id: workspaceId, active_at: activeAt } of expired) {
    await ledger.transaction(async (tx) => {
      // Somebody who asked it a moment ago has kept it.
      const { changes } = await scopeSql(tx, workspaceId).run(
        `UPDATE knowledge_base_document SET status = 'removing', updated_at = :now
         WHERE knowledge_base_id = :id AND workspace_id = :workspace AND EXISTS (
           SELECT 1 FROM knowledge_base AS base WHERE base.id = :id AND base.workspace_id = :workspace
             AND base.active_at = :activeAt)`,
        { id, activeAt, now },
      );
      if (changes > 0) await submitIndexing(tx, workspaceId, id, now);
    });
  }
  return expired.map((row) => row.id);
}
