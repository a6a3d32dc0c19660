import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../answers/caller.ts';
import { isKnownTurn, submitTurn } from '../../answers/turns.ts';
import type { AnswerInput } from '../../contract/answer.ts';
import { newId } from '../../contract/ids.ts';
import type { Run } from '../../runs/run.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { idempotencyKeyOf } from '../foundation/idempotency.ts';
import { traceOf } from '../foundation/trace.ts';
import { ANSWER_TIMEOUT_MS, BACKGROUND_ANSWER_TIMEOUT_MS } from '../limits.ts';

/**
 * Makes the question durable and tells the workers. With a known idempotency key the run that exists comes back.
 *
 * @throws BudaoError queue_full, overloaded
 */
export async function startAnswer(
  dependencies: HttpDependencies,
  request: FastifyRequest,
  caller: Caller,
  input: AnswerInput,
): Promise<Run> {
  const idempotencyKey = idempotencyKeyOf(request);
  const { admission } = request.server;
  await admission.admitAnswer(caller.workspaceId, input.background).catch(async (refusal: unknown) => {
    // What was taken on before is not refused when it is asked for again.
    if (!(await isKnownTurn(dependencies.ledger.read, caller, idempotencyKey))) throw refusal;
  });
  const startedMs = performance.now();
  const { run } = await submitTurn(dependencies.ledger, caller, {
    responseId: newId('response'),
    input: { ...input, ...traceOf(request) },
    idempotencyKey,
    timeoutMs: input.background ? BACKGROUND_ANSWER_TIMEOUT_MS : ANSWER_TIMEOUT_MS,
    // A worker begins while the question is written to disk; nothing that it finds is shown before it is there.
    onVisible: (created) => dependencies.runs.announce(created),
  });
  admission.noteCommit(performance.now() - startedMs);
  return run;
}

/** Aborts when the client goes away: nobody waits any more, though the run goes on. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (reply.raw.destroyed) controller.abort();
  else reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
