// A process that claims and ends runs, as a worker of the product does, with nothing to do in between but to wait.
// Forked by claims.ts with its task as JSON; tells its parent what it has ended.
import { setTimeout as sleep } from 'node:timers/promises';
import { followClock } from '../../src/ledger/clock.ts';
import { RunWorker } from '../../src/runs/run-worker.ts';
import { openRedisChannel } from '../../src/stores/channel/redis-channel.ts';
import { openPostgresLedger } from '../../src/stores/ledger/postgres-ledger.ts';
import { BENCH_RUN, type ClaimTask } from './claim-task.ts';

const REPORT_MS = 20;

await work(JSON.parse(process.argv[2] ?? '') as ClaimTask);

async function work({ owner, ledgerUrl, redisUrl, slots, workMs }: ClaimTask): Promise<void> {
  const ledger = await openPostgresLedger({ url: ledgerUrl });
  followClock(() => ledger.now());
  const channel = openRedisChannel({ url: redisUrl, installationId: 'bench' });
  let ended = 0;
  let told = 0;
  const worker = new RunWorker({
    ledger,
    channel,
    owner,
    handlers: [
      {
        kind: BENCH_RUN,
        concurrency: slots,
        async handle() {
          if (workMs > 0) await sleep(workMs);
          return { status: 'completed' };
        },
      },
    ],
    observer: {
      onEnded: () => void (ended += 1),
      onError: (_, error) => process.stderr.write(`${String(error)}\n`),
    },
  });
  const report = setInterval(() => {
    if (ended === told) return;
    told = ended;
    process.send?.({ ended });
  }, REPORT_MS);
  process.once('message', () => {
    clearInterval(report);
    void worker[Symbol.asyncDispose]()
      .then(() => Promise.all([channel[Symbol.asyncDispose](), ledger[Symbol.asyncDispose]()]))
      .then(() => process.disconnect());
  });
  process.send?.({ ended });
}
