import { eventsFromRows, type StoredEventRow } from '../../../src/runs/event-rows.ts';
import type { RunEvent } from '../../../src/runs/run.ts';
import { grouped, type History, type Violation } from './history.ts';

export interface LedgerRun {
  id: string;
  kind: string;
  status: string;
  epoch: number;
  lastSeq: number;
}

/** What the ledger holds when everything is over. */
export interface LedgerState {
  runs: readonly LedgerRun[];
  events: readonly StoredEventRow[];
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'incomplete', 'failed', 'cancelled']);
const TERMINAL = /^run\.(completed|incomplete|failed|cancelled)$/;

/** Every run has ended, its log has no hole and nothing twice, and an earlier writer wrote nothing after a later one. */
export function checkLedger(history: History, ledger: LedgerState): Violation[] {
  const rows = grouped(ledger.events, (row) => row.run_id);
  const known = new Set(ledger.runs.map((run) => run.id));
  const lost = history
    .of('ask')
    .filter(({ responseId }) => responseId !== null && !known.has(responseId))
    .map(({ responseId, question }) => ({ rule: 'question lost', detail: `${responseId}: ${question}` }));
  return [...lost, ...ledger.runs.flatMap((run) => checkRun(run, eventsOf(rows.get(run.id) ?? [])))];
}

function eventsOf(rows: readonly StoredEventRow[]): RunEvent[] {
  return eventsFromRows(rows.toSorted((left, right) => left.seq - right.seq));
}

function checkRun(run: LedgerRun, events: readonly RunEvent[]): Violation[] {
  const violations: Violation[] = [];
  const add = (rule: string, detail: string): void =>
    void violations.push({ rule, detail: `${run.kind} ${run.id}: ${detail}` });
  if (!ENDED.has(run.status)) {
    add('run never ended', run.status);
    return violations;
  }
  let [seq, epoch] = [0, 0];
  for (const event of events) {
    if (event.seq <= seq) add('event doubled', `${event.seq} after ${seq}`);
    if (event.seq > seq + 1) add('event missing', `${event.seq} after ${seq}`);
    if (event.epoch < epoch) add('two writers', `${event.seq} has epoch ${event.epoch} after ${epoch}`);
    if (event.epoch > run.epoch) add('two writers', `${event.seq} has epoch ${event.epoch} of ${run.epoch}`);
    [seq, epoch] = [event.seq, Math.max(epoch, event.epoch)];
  }
  if (seq !== run.lastSeq) add('event missing', `the log ends at ${seq} of ${run.lastSeq}`);
  const ends = events.filter((event) => TERMINAL.test(event.type));
  if (ends.length !== 1 || events.at(-1)?.type !== `run.${run.status}`) {
    add(
      'run ended otherwise',
      `${run.status}, with ${ends.map((event) => event.type).join(', ') || 'no end'}`,
    );
  }
  return violations;
}

export function answerText(rows: readonly StoredEventRow[]): string {
  return eventsOf(rows)
    .filter((event) => event.type === 'answer.delta')
    .map((event) => (event.payload as { text: string }).text)
    .join('');
}
