import type { FastifyPluginAsync } from 'fastify';
import { wholeListOf } from '../../contract/replies/common.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import { countOpenRuns, type OpenRuns } from '../../runs/open-runs.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { QueueReply } from './operation-replies.ts';

/** Whose work it is: a workspace of the caller, the service's own, or that of all other workspaces together. */
type Scope = 'workspace' | 'system' | 'other';

/** Belongs to no tenant. */
const SYSTEM_WORKSPACE = 'system';

/** What is under way and what waits, by kind and workspace; of other people's workspaces only sums. */
export function queueRoutes({
  ledger,
  access,
}: Pick<HttpDependencies, 'ledger' | 'access'>): FastifyPluginAsync {
  return async (app) => {
    app.get(
      '/ops/queues',
      {
        config: {
          role: 'editor',
          operation: {
            summary: 'What is under way and what waits',
            answer: wholeListOf(QueueReply),
            tag: 'Operations',
          },
        },
      },
      async (request) => {
        const own = new Map(
          (await access.workspaces.list(request.principal)).map((one) => [
            one.workspaceId,
            one.workspaceName,
          ]),
        );
        const now = ledgerTime();
        const data = withOthersSummed(await countOpenRuns(ledger.read, now), own).map((queue) =>
          queueObject(queue, own, now),
        );
        return { object: 'list', data, has_more: false };
      },
    );
  };
}

function scopeOf(workspaceId: string | null, own: ReadonlyMap<string, string>): Scope {
  if (workspaceId === SYSTEM_WORKSPACE) return 'system';
  return workspaceId !== null && own.has(workspaceId) ? 'workspace' : 'other';
}

type Queue = Omit<OpenRuns, 'workspaceId'> & { workspaceId: string | null };

function withOthersSummed(queues: readonly OpenRuns[], own: ReadonlyMap<string, string>): Queue[] {
  const shown: Queue[] = [];
  const others = new Map<string, Queue>();
  for (const queue of queues) {
    if (scopeOf(queue.workspaceId, own) !== 'other') shown.push(queue);
    else others.set(queue.kind, sum(others.get(queue.kind), queue));
  }
  return [...shown, ...others.values()];
}

function sum(one: Queue | undefined, other: Queue): Queue {
  return {
    kind: other.kind,
    workspaceId: null,
    running: (one?.running ?? 0) + other.running,
    waiting: (one?.waiting ?? 0) + other.waiting,
    deferred: (one?.deferred ?? 0) + other.deferred,
    later: (one?.later ?? 0) + other.later,
    waitsSince: earlier(one?.waitsSince ?? null, other.waitsSince),
    deferredSince: earlier(one?.deferredSince ?? null, other.deferredSince),
  };
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function queueObject(queue: Queue, own: ReadonlyMap<string, string>, now: number) {
  const scope = scopeOf(queue.workspaceId, own);
  const secondsSince = (time: number | null) =>
    time === null ? null : Math.max(0, Math.floor((now - time) / 1_000));
  return {
    object: 'queue',
    kind: queue.kind,
    scope,
    workspace_id: scope === 'workspace' ? queue.workspaceId : null,
    workspace_name: own.get(queue.workspaceId ?? '') ?? null,
    running: queue.running,
    waiting: queue.waiting,
    deferred: queue.deferred,
    later: queue.later,
    longest_wait_seconds: secondsSince(queue.waitsSince),
    longest_deferral_seconds: secondsSince(queue.deferredSince),
  };
}
