import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { budao } from '../support/cli.ts';
import { startUpstream } from '../support/lying-upstream.ts';
import { PortThief } from '../support/port-thief.ts';
import { isRunning, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Status {
  running: boolean;
  url: string | null;
  processes: { role: string; pid: number }[];
  troubles: { role: string; message: string; since: number }[];
}

test('a program that takes the port while the API restarts ends nothing: answers go on, status names it, and the API comes back', async () => {
  await using upstream = await startUpstream({ tokens: 60, tokensPerSecond: 20 });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
  });
  const asked = await service.json<{ id: string }>('POST', '/v1/responses', {
    input: '慢慢数',
    background: true,
  });
  await using thief = new PortThief(service.port);
  service.kill('api');
  await thief.hasIt();
  const inUse = `Port ${service.port} on 127.0.0.1 is in use by`;
  await untilStatus(service, (status) => status.troubles.length > 0);
  const status = await statusOf(service);
  expect(status).toMatchObject({ running: true, url: null });
  expect(status.troubles).toMatchObject([{ role: 'api', message: expect.stringContaining(inUse) }]);
  expect(status.troubles[0]?.message).toContain(`(process ${thief.pid})`);
  expect(service.output).toContain(status.troubles[0]?.message);
  const inWords = await budao(['status', '--data-dir', service.dataDir]);
  expect(inWords.stdout).toContain(`(process ${thief.pid})`);

  // Whoever asks on the command line now does not hand its key to a stranger.
  expect((await budao(['ask', 'anybody there?', '--data-dir', service.dataDir])).code).not.toBe(0);
  expect(thief.credentials).toEqual([]);
  await until(() => statusInLedger(service, asked.id) === 'completed');

  // A supervisor that starts anew meanwhile does not give up either.
  const before = service.kill('supervisor');
  await until(() => service.processes('supervisor').some((row) => row.pid !== before));
  await untilStatus(service, (now) => now.troubles.length > 0 && count(now, 'worker') === 2);
  expect(isRunning(service.pid)).toBe(true);

  await thief[Symbol.asyncDispose]();
  await until(() => service.isReady());
  await untilStatus(service, (now) => now.troubles.length === 0 && now.url === service.url);
  const { output } = await service.json<{ output: { content: { text: string }[] }[] }>(
    'GET',
    `/v1/responses/${asked.id}`,
  );
  expect(output.at(-1)?.content[0]?.text).toMatch(/^t1 t2 t3 .* t60 $/);
  // Some dozen attempts, and no line for each of them.
  expect(service.output.split(inUse).length - 1).toBeLessThanOrEqual(4);
});

async function statusOf(service: Service): Promise<Status> {
  return JSON.parse((await budao(['status', '--data-dir', service.dataDir, '--json'])).stdout) as Status;
}

async function untilStatus(service: Service, isReached: (status: Status) => boolean): Promise<void> {
  let last: Status | undefined;
  await until(
    async () => {
      last = await statusOf(service);
      return isReached(last);
    },
    30_000,
    () => `status stayed ${JSON.stringify(last)}\n${service.output.slice(-2_000)}`,
  );
}

function count(status: Status, role: string): number {
  return status.processes.filter((entry) => entry.role === role).length;
}

/** Read straight from the ledger: the API is away. */
function statusInLedger(service: Service, runId: string): unknown {
  const ledger = new DatabaseSync(join(service.dataDir, 'ledger.db'), { readOnly: true, timeout: 5_000 });
  try {
    return ledger.prepare('SELECT status FROM run WHERE id = ?').get(runId)?.status;
  } finally {
    ledger.close();
  }
}
