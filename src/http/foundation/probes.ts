import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NotThereYet } from './not-there-yet.ts';

/** How long a probe waits for one check. */
const CHECK_TIMEOUT_MS = 2_000;
/** What is missing for longer after the start is no longer on its way. */
const STARTING_MS = 60_000;
const FORWARDING_HEADERS = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'];
const DETAILS_ARE_LOCAL = "the details are in this process's log, and here for who asks from its own machine";

/** One thing that the service needs, or wants to be seen. */
export interface HealthCheck {
  name: string;
  /** Without it no question can be asked, so the process is not ready. */
  isRequired: boolean;
  /** It goes on beside questions, after a start too, as the repair of an index does. */
  isWork?: boolean;
  /** Resolves to a remark or nothing; rejects with what is wrong. */
  check(): Promise<string | undefined>;
}

interface CheckOutcome {
  name: string;
  /** How far it is, from 0 to 1; null for what is not on its way. */
  progress: number | null;
  isOk: boolean;
  isRequired: boolean;
  remark: string;
}

const ProbeReply = z
  .object({
    status: z.enum(['ok', 'not ready', 'initialising', 'leaving']),
    /** How much of what is required is there, from 0 to 1. */
    progress: z.number(),
    /** What is on its way now; null when nothing is. */
    step: z.string().nullable(),
    checks: z.array(
      z.object({ name: z.string(), ok: z.boolean(), required: z.boolean(), remark: z.string() }),
    ),
  })
  .meta({ id: 'Probe' });
const VerboseQuery = z.looseObject({ verbose: z.string().optional() });

/**
 * `/livez`: the process runs, whatever is missing. `/readyz`: questions can be asked, and here for some time yet.
 * `/startupz`: they could be asked once. Until then both say how far the start has come, and call nothing failed that
 * may only be on its way. Each also as JSON, for who accepts that. Details are given to this machine only.
 */
export function registerProbes(app: FastifyInstance, checks: readonly HealthCheck[]): void {
  const probe = (summary: string): { config: object; logLevel: 'silent' } => ({
    config: {
      public: true,
      operation: {
        summary,
        answer: ProbeReply,
        tag: 'Operations',
        query: VerboseQuery,
        produces: 'text/plain',
        failsAlike: true,
      },
    },
    logLevel: 'silent',
  });
  let hasStarted = false;
  const beganMs = performance.now();
  const work = checks.filter(({ isWork }) => isWork === true);
  const ready = async (): Promise<CheckOutcome[]> => {
    const outcomes = await Promise.all(checks.map(runCheck));
    hasStarted ||= missing(outcomes).length === 0;
    return outcomes;
  };

  const answer = (request: FastifyRequest, reply: FastifyReply, seen: ProbeResult): FastifyReply => {
    const result = isLocal(request) ? seen : { ...seen, outcomes: seen.outcomes.map(withoutDetails) };
    reply.code(result.isGood ? 200 : 503);
    if (request.headers.accept?.includes('application/json') === true) return reply.send(asJson(result));
    const isVerbose = 'verbose' in (request.query as object);
    return reply.type('text/plain; charset=utf-8').send(asText(result, isVerbose));
  };

  app.get('/livez', probe('Whether the process is alive'), async (request, reply) => {
    return answer(request, reply, { probe: 'livez', status: 'ok', isGood: true, outcomes: [] });
  });
  app.get('/readyz', probe('Whether questions can be asked'), async (request, reply) => {
    if (app.isLeaving)
      return answer(request, reply, { probe: 'readyz', status: 'leaving', isGood: false, outcomes: [] });
    const outcomes = await ready();
    const isGood = missing(outcomes).length === 0;
    const isStarting = !hasStarted && performance.now() - beganMs < STARTING_MS;
    const lacking = isStarting ? 'initialising' : 'not ready';
    return answer(request, reply, { probe: 'readyz', status: isGood ? 'ok' : lacking, isGood, outcomes });
  });
  app.get('/startupz', probe('Whether the process has finished starting'), async (request, reply) => {
    const outcomes = hasStarted ? await Promise.all(work.map(runCheck)) : await ready();
    const status = hasStarted ? 'ok' : 'initialising';
    return answer(request, reply, { probe: 'startupz', status, isGood: hasStarted, outcomes });
  });
}

/** From this machine, and not through a proxy on it. */
function isLocal(request: FastifyRequest): boolean {
  if (FORWARDING_HEADERS.some((name) => name in request.headers)) return false;
  const { remoteAddress } = request.socket;
  return remoteAddress !== undefined && /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
}

/** Anybody may ask whether something is missing; addresses, paths and models are for who runs the service. */
function withoutDetails(outcome: CheckOutcome): CheckOutcome {
  return { ...outcome, remark: outcome.isOk ? '' : DETAILS_ARE_LOCAL };
}

interface ProbeResult {
  probe: string;
  status: string;
  isGood: boolean;
  outcomes: readonly CheckOutcome[];
}

async function runCheck(check: HealthCheck): Promise<CheckOutcome> {
  const { name, isRequired } = check;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    const remark = (await Promise.race([check.check(), timeout])) ?? '';
    return { name, isRequired, isOk: true, remark, progress: null };
  } catch (error) {
    const progress = error instanceof NotThereYet ? error.progress : null;
    const reason = error instanceof Error ? error.message : String(error);
    return { name, isRequired, isOk: false, remark: reason, progress };
  } finally {
    clearTimeout(timer);
  }
}

function missing(outcomes: readonly CheckOutcome[]): CheckOutcome[] {
  return outcomes.filter((outcome) => !outcome.isOk && outcome.isRequired);
}

/** How much of what is required is there, from 0 to 1; once all of it is, how far the work beside questions is. */
function progressOf(outcomes: readonly CheckOutcome[]): number {
  const required = outcomes.filter((outcome) => outcome.isRequired);
  if (missing(required).length === 0) return underWay(outcomes)?.progress ?? 1;
  const shares: number[] = required.map(({ isOk, progress }) => (isOk ? 1 : (progress ?? 0)));
  return shares.reduce((sum, share) => sum + share, 0) / required.length;
}

function underWay(outcomes: readonly CheckOutcome[]): CheckOutcome | undefined {
  return outcomes.find(({ isOk, progress }) => !isOk && progress !== null);
}

function asText({ probe, status, isGood, outcomes }: ProbeResult, isVerbose: boolean): string {
  if (isGood && !isVerbose) return 'ok\n';
  const lines = outcomes.map((outcome) => {
    if (outcome.isOk) return `[+]${outcome.name} ok${outcome.remark === '' ? '' : `: ${outcome.remark}`}`;
    const isOnItsWay = outcome.progress !== null || (status === 'initialising' && outcome.isRequired);
    const lacks = isOnItsWay ? 'not there yet' : 'failed';
    return `[-]${outcome.name} ${lacks}${outcome.isRequired ? '' : ' (not required)'}: ${outcome.remark}`;
  });
  if (status === 'leaving') lines.push('leaving: this process is being stopped');
  const waiting = missing(outcomes).map(({ name }) => name);
  const progress =
    status === 'initialising'
      ? [`initialising: ${Math.round(progressOf(outcomes) * 100)} %, waiting for ${waiting.join(', ')}`]
      : [];
  const verdict = isGood ? 'passed' : status === 'initialising' ? 'not passed yet' : 'failed';
  return `${[...lines, ...progress, `${probe} check ${verdict}`].join('\n')}\n`;
}

function asJson({ status, outcomes }: ProbeResult): object {
  return {
    status,
    progress: progressOf(outcomes),
    step: (missing(outcomes)[0] ?? underWay(outcomes))?.name ?? null,
    checks: outcomes.map(({ name, isOk, isRequired, remark }) => ({
      name,
      ok: isOk,
      required: isRequired,
      remark,
    })),
  };
}
