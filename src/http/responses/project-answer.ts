import type { ResponseObject } from '../../contract/openai/response-object.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import { readEvents } from '../../runs/run-store.ts';
import { outputText } from './response-object.ts';
import { ResponseProjection } from './response-projection.ts';

const EVENTS_PER_READ = 2_000;

/** A Response as it stands now, from the log; `lastNumber` is where a stream would go on after it. */
export async function projectAnswer(
  sql: Sql,
  run: Run,
): Promise<{ response: ResponseObject; lastNumber: number }> {
  const projection = new ResponseProjection(run);
  const frames: string[] = [];
  projection.open(frames);
  for (let afterSeq = 0; ; ) {
    const events = await readEvents(sql, run.id, afterSeq, EVENTS_PER_READ);
    for (const event of events) projection.push(event, frames);
    frames.length = 0;
    const last = events.at(-1);
    if (last === undefined || events.length < EVENTS_PER_READ) break;
    afterSeq = last.seq;
  }
  if (isTerminal(run.status)) projection.close(run, frames);
  return { response: wholeResponse(projection), lastNumber: projection.lastNumber };
}

export function wholeResponse(projection: ResponseProjection): ResponseObject {
  const response = projection.response();
  response.output_text = outputText(response);
  return response;
}
