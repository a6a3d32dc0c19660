import { expect, test } from 'vitest';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

/** Far more than fits into a pipe. */
const REQUESTS = 3_000;

test('a log that nobody reads any more, as on a terminal on hold, stops no process', async () => {
  await using service = await Service.start({ environment: { BUDAO_LOG_LEVEL: 'trace' } });
  service.stopReading();
  for (let count = 0; count < REQUESTS; count += 50) {
    await Promise.all(Array.from({ length: 50 }, () => service.json('GET', '/v1/models')));
  }
  const answer = await ask(service);
  expect(answer.status).toBe('completed');
  for (const role of ['worker', 'supervisor', 'api']) await killAndWait(service, role);
  expect((await ask(service)).status).toBe('completed');
  expect(await service.stop()).toBe(0);
});

test.each([
  { where: 'on a full disk', shell: 'exec "$@" > /dev/full 2> /dev/full' },
  { where: 'into a pipe that nobody holds any more', shell: '{ exec "$@"; } 2>&1 | head -c 1 > /dev/null' },
])('a log that cannot be written, $where, ends no process', async ({ shell }) => {
  await using service = await Service.start({ environment: { BUDAO_LOG_LEVEL: 'trace' }, shell });
  await service.untilBothWorkers();
  const before = service.processes().map((row) => row.pid);
  expect((await ask(service)).status).toBe('completed');
  expect(service.processes().map((row) => row.pid)).toEqual(before);
  for (const role of ['worker', 'supervisor', 'api']) await killAndWait(service, role);
  expect((await ask(service)).status).toBe('completed');
});

function ask(service: Service): Promise<{ status: string }> {
  return service.json('POST', '/v1/responses', { model: 'extractive', input: '有人吗？' });
}

/** Another process of the role is there, and questions can be asked. */
async function killAndWait(service: Service, role: string): Promise<void> {
  const killed = service.kill(role);
  await until(
    () => service.processes(role).some((row) => row.pid !== killed) && service.isReady(),
    30_000,
    () => `no new ${role}`,
  );
}
