import { ANSWER_RUN, type AnswerEvents, type AnswerInput, type AnswerResult } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import type { Sql } from '../ledger/ledger.ts';
import type { Run } from '../runs/run.ts';
import { getRun, readEvents } from '../runs/run-store.ts';
import type { Caller } from './caller.ts';

const EVENTS_PER_READ = 2_000;

/**
 * The caller's own answer. The one place through which a response id becomes a run.
 *
 * @throws BudaoError response_not_found, also for the answers of others and of other workspaces
 */
export async function findAnswer(
  sql: Sql,
  caller: Caller,
  responseId: string,
  param: string | null = null,
): Promise<Run> {
  const run = await findAnswerIfAny(sql, caller, responseId);
  if (run !== null) return run;
  throw new BudaoError('not_found', 'response_not_found', `There is no response ${responseId}.`, { param });
}

/** The same, or null where there is none, for who can do without. */
export async function findAnswerIfAny(sql: Sql, caller: Caller, responseId: string): Promise<Run | null> {
  const run = await getRun(sql, responseId);
  return run !== undefined && isAnswerOf(run, caller) ? run : null;
}

function isAnswerOf(run: Run, caller: Caller): boolean {
  if (run.kind !== ANSWER_RUN || run.workspaceId !== caller.workspaceId) return false;
  return (run.input as AnswerInput).ownerId === caller.ownerId;
}

/** The answer of a run that has one; a cancelled run's result is only the text that was shown. */
export function finishedAnswer(run: Run): AnswerResult | null {
  const isFinished = run.status === 'completed' || run.status === 'incomplete';
  return isFinished && run.result !== null ? (run.result as AnswerResult) : null;
}

/** The text of an answer as far as it was shown, whatever became of it. */
export async function readAnswerText(sql: Sql, run: Run): Promise<string> {
  if (run.result !== null) return (run.result as Pick<AnswerResult, 'text'>).text;
  let text = '';
  for (let afterSeq = 0; ; ) {
    const events = await readEvents(sql, run.id, afterSeq, EVENTS_PER_READ);
    for (const event of events) {
      if (event.type === 'answer.delta') text += (event.payload as AnswerEvents['answer.delta']).text;
    }
    const last = events.at(-1);
    if (last === undefined || events.length < EVENTS_PER_READ) return text;
    afterSeq = last.seq;
  }
}
