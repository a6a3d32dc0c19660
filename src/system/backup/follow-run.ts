import { setTimeout as sleep } from 'node:timers/promises';
import { BudaoError } from '../../contract/errors.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isTerminal, type RunEvent } from '../../runs/run.ts';
import { getRun, readEvents, requestCancel } from '../../runs/run-store.ts';

const LOOK_MS = 200;
const EVENTS_AT_ONCE = 200;

/** Waits for a run's end. @returns its result. @throws BudaoError of its failure, or run_cancelled */
export async function followRun<Result>(
  ledger: Ledger,
  id: string,
  { signal, onEvent }: { signal: AbortSignal; onEvent: (event: RunEvent) => void },
): Promise<Result> {
  let seq = 0;
  let isCancelled = false;
  for (;;) {
    if (signal.aborted && !isCancelled) {
      isCancelled = true;
      await ledger.transaction((tx) => requestCancel(tx, id, ledgerTime()));
    }
    const run = await getRun(ledger.read, id);
    for (const event of await readEvents(ledger.read, id, seq, EVENTS_AT_ONCE)) {
      seq = event.seq;
      onEvent(event);
    }
    if (run === undefined) throw new Error(`the run ${id} is gone`);
    if (run.status === 'completed') return run.result as Result;
    if (isTerminal(run.status)) {
      const { code, message } = run.failure ?? { code: 'run_cancelled', message: 'The run was cancelled.' };
      throw new BudaoError('conflict', code, message);
    }
    await sleep(LOOK_MS);
  }
}
