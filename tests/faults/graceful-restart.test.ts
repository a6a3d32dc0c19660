import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { isRunning, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const WORKER_RESTARTS = 4;

test('workers and services that are restarted on purpose use up no attempt of the answers they were at', async () => {
  await using upstream = await startUpstream({ tokens: 5, behaviour: { hang: 'before-headers' } });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  const { id } = await service.json<{ id: string }>('POST', '/v1/responses', {
    input: '慢慢想',
    background: true,
  });
  for (let count = 0; count < WORKER_RESTARTS; count++) {
    const holder = await holderOf(service, id);
    // One for this claim, or none once it has searched: that is progress.
    expect(readRun(service, id).attempts).toBeLessThanOrEqual(1);
    process.kill(holder, 'SIGTERM');
    await until(() => !isRunning(holder));
  }
  await holderOf(service, id);
  expect(await service.stop()).toBe(0);
  expect(readRun(service, id)).toMatchObject({ status: 'running', attempts: 0 });

  upstream.setBehaviour({});
  await service.start();
  await until(() => readRun(service, id).status === 'completed');
});

/** The process that works on a run. */
async function holderOf(service: Service, runId: string): Promise<number> {
  let pid = 0;
  await until(() => {
    const { owner } = readRun(service, runId);
    pid = service.processes('worker').find((worker) => worker.id === owner)?.pid ?? 0;
    return pid !== 0;
  });
  return pid;
}

function readRun(service: Service, id: string): { status: string; owner: string | null; attempts: number } {
  const ledger = new DatabaseSync(join(service.dataDir, 'ledger.db'), { readOnly: true, timeout: 5_000 });
  try {
    const row = ledger.prepare('SELECT status, owner, attempts FROM run WHERE id = ?').get(id);
    return row as unknown as { status: string; owner: string | null; attempts: number };
  } finally {
    ledger.close();
  }
}
