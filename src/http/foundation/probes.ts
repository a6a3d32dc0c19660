import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

/** How long a probe waits for one check. */
const CHECK_TIMEOUT_MS = 2_000;

/** One thing that the service needs, or wants to be seen. */
export interface HealthCheck {
  name: string;
  /** Without it no question can be asked, so the process is not ready. */
  isRequired: boolean;
  /** Resolves to a remark or nothing; rejects with what is wrong. */
  check(): Promise<string | undefined>;
}

interface CheckOutcome {
  name: string;
  isOk: boolean;
  isRequired: boolean;
  remark: string;
}

const VerboseQuery = z.looseObject({ verbose: z.string().optional() });

/** `/livez`: the process runs. `/readyz`: questions can be asked. `/startupz`: they could be asked once. */
export function registerProbes(app: FastifyInstance, checks: readonly HealthCheck[]): void {
  const probe = (summary: string): { config: object; logLevel: 'silent' } => ({
    config: {
      public: true,
      operation: { summary, tag: 'Operations', query: VerboseQuery, produces: 'text/plain' },
    },
    logLevel: 'silent',
  });
  let hasStarted = false;
  const ready = async (): Promise<CheckOutcome[]> => {
    const outcomes = await Promise.all(checks.map(runCheck));
    hasStarted ||= outcomes.every((outcome) => outcome.isOk || !outcome.isRequired);
    return outcomes;
  };

  app.get('/livez', probe('Whether the process is alive'), async (_request, reply) => {
    return reply.type('text/plain; charset=utf-8').send('ok\n');
  });
  app.get('/readyz', probe('Whether questions can be asked'), async (request, reply) => {
    const outcomes = await ready();
    return reply
      .code(outcomes.every((outcome) => outcome.isOk || !outcome.isRequired) ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(report('readyz', outcomes, request.query));
  });
  app.get('/startupz', probe('Whether the process has finished starting'), async (request, reply) => {
    const outcomes = hasStarted ? [] : await ready();
    return reply
      .code(hasStarted ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(report('startupz', outcomes, request.query));
  });
}

async function runCheck(check: HealthCheck): Promise<CheckOutcome> {
  const { name, isRequired } = check;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    const remark = (await Promise.race([check.check(), timeout])) ?? '';
    return { name, isRequired, isOk: true, remark };
  } catch (error) {
    return { name, isRequired, isOk: false, remark: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function report(probe: string, outcomes: readonly CheckOutcome[], query: unknown): string {
  const failed = outcomes.some((outcome) => !outcome.isOk && outcome.isRequired);
  const summary = failed ? `${probe} check failed` : `${probe} check passed`;
  if (!failed && !('verbose' in (query as object))) return 'ok\n';
  const lines = outcomes.map((outcome) => {
    if (outcome.isOk) return `[+]${outcome.name} ok${outcome.remark === '' ? '' : `: ${outcome.remark}`}`;
    return `[-]${outcome.name} failed${outcome.isRequired ? '' : ' (not required)'}: ${outcome.remark}`;
  });
  return `${[...lines, summary].join('\n')}\n`;
}
