import { ledgerTime } from '../../ledger/clock.ts';
import { releaseOwner } from '../../runs/run-claims.ts';
import type { Deferral } from '../../runs/run-deferral.ts';
import { listProcesses } from '../process-table.ts';
import { type CheckOutcome, found, type OpenPlace, ok, repairable } from './check.ts';

/** Many times the longest lease. */
const ORPHANED_AFTER_MS = 30_000;
const QUEUED_LONG_MS = 5 * 60_000;
const DEFERRED_LONG_MS = 10 * 60_000;
const MOST_NAMED = 3;

interface OpenRun {
  id: string;
  kind: string;
  status: string;
  owner: string | null;
  leaseUntil: number;
  availableAt: number;
  deferral: string | null;
}

/** Work that nobody does: held by a process that is gone, waiting while workers are there, or put off for long. */
export async function checkRuns(place: OpenPlace): Promise<CheckOutcome[]> {
  const { ledger } = place;
  const now = ledgerTime();
  const open = await ledger.read.all<OpenRun>(
    `SELECT id, kind, status, owner, lease_until AS "leaseUntil", available_at AS "availableAt", deferral
     FROM run WHERE status IN ('queued', 'running')`,
  );
  const processes = await listProcesses(ledger.read);
  if (processes.length === 0) {
    return [
      ok('runs', {
        en: `the service does not run; ${open.length} runs go on when it starts`,
        zh: `服务未运行；启动后将继续 ${open.length} 项任务`,
      }),
    ];
  }
  const living = new Set(processes.map(({ id }) => id));
  const outcomes: CheckOutcome[] = [];
  const orphaned = open.filter(
    ({ status, owner, leaseUntil }) =>
      status === 'running' && owner !== null && !living.has(owner) && leaseUntil < now - ORPHANED_AFTER_MS,
  );
  if (orphaned.length > 0) outcomes.push(await reportOrphaned(place, orphaned));
  const hasWorkers = processes.some(({ role }) => role === 'worker');
  if (!hasWorkers) outcomes.push(withoutWorkers(open.length));
  const queued = open.filter(
    ({ status, availableAt, deferral }) =>
      status === 'queued' && deferral === null && availableAt < now - QUEUED_LONG_MS,
  );
  if (hasWorkers && queued.length > 0) outcomes.push(queuedLong(queued, now));
  outcomes.push(...deferredLong(open, now));
  if (outcomes.length > 0) return outcomes;
  const evidence = { en: `${open.length} open, none stuck`, zh: `${open.length} 项进行中，无停滞` };
  return [ok('runs', evidence)];
}

function reportOrphaned(place: OpenPlace, orphaned: readonly OpenRun[]): Promise<CheckOutcome> {
  const outcome = found('failed', 'runs', {
    subject: named(orphaned),
    evidence: {
      en: `${orphaned.length} runs are held by processes that are gone.`,
      zh: `${orphaned.length} 项任务被已消失的进程占用。`,
    },
    repair: { en: 'They are released, for a worker to go on with.', zh: '将其释放，由工作进程继续。' },
  });
  const owners = new Set(orphaned.map(({ owner }) => owner as string));
  return repairable(place, outcome, async () => {
    for (const owner of owners) await place.ledger.transaction((tx) => releaseOwner(tx, owner, 'died'));
  });
}

function withoutWorkers(openRuns: number): CheckOutcome {
  return found('failed', 'runs', {
    evidence: {
      en: `No worker is alive, and ${openRuns} runs wait.`,
      zh: `没有存活的工作进程，${openRuns} 项任务在等待。`,
    },
    repair: {
      en: '`budao status` says what keeps them from starting; else look into the log.',
      zh: '`budao status` 会说明无法启动的原因；否则查看日志。',
    },
  });
}

function queuedLong(queued: readonly OpenRun[], now: number): CheckOutcome {
  const minutes = Math.round((now - Math.min(...queued.map(({ availableAt }) => availableAt))) / 60_000);
  const kinds = [...new Set(queued.map(({ kind }) => kind))].join(', ');
  return found('warning', 'runs', {
    subject: named(queued),
    evidence: {
      en: `${queued.length} runs (${kinds}) have been queued for up to ${minutes} min.`,
      zh: `${queued.length} 项任务（${kinds}）已排队达 ${minutes} 分钟。`,
    },
    repair: {
      en: '`budao runs list --status running` shows what the workers do; more workers (--workers), or cancel what is not needed.',
      zh: '用 `budao runs list --status running` 查看工作进程在做什么；增加工作进程（--workers），或取消不需要的任务。',
    },
  });
}

/** One outcome for each reason. */
function deferredLong(open: readonly OpenRun[], now: number): CheckOutcome[] {
  const byReason = Map.groupBy(
    open.flatMap((run) => {
      const deferral = JSON.parse(run.deferral ?? 'null') as Deferral | null;
      return deferral !== null && deferral.since < now - DEFERRED_LONG_MS ? [{ ...run, deferral }] : [];
    }),
    ({ deferral }) => deferral.code,
  );
  return [...byReason].map(([code, runs]) => {
    const since = new Date(Math.min(...runs.map(({ deferral }) => deferral.since))).toISOString();
    const message = runs[0]?.deferral.message ?? '';
    return found('warning', 'runs', {
      subject: named(runs),
      evidence: {
        en: `${runs.length} runs have been put off since ${since} (${code}): ${message}`,
        zh: `${runs.length} 项任务自 ${since} 起被推迟（${code}）：${message}`,
      },
      repair: {
        en: 'Put right what the reason names (`budao breakers list`); they go on by themselves then.',
        zh: '处理原因所指的问题（`budao breakers list`）；之后它们会自行继续。',
      },
    });
  });
}

function named(runs: readonly Pick<OpenRun, 'id'>[]): string {
  const ids = runs.slice(0, MOST_NAMED).map(({ id }) => id);
  return `${ids.join(', ')}${runs.length > MOST_NAMED ? ' …' : ''}`;
}
