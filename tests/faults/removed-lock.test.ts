import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAndWait } from '../bad-input/refused-start.ts';
import { Service } from '../support/service.ts';

test('somebody who removes the lock of a running service as a left-over does not let a second one in', async () => {
  await using service = await Service.start();
  await service.untilBothWorkers();
  const before = service.processes();
  for (const name of ['lock.db', 'lock.json']) await rm(join(service.dataDir, name));
  const second = await startAndWait({ dataDir: service.dataDir });
  expect(second).toMatchObject({ code: 2, output: expect.stringContaining('in use by another Budao') });
  expect(second.output).toContain(`(process ${service.processes('supervisor')[0]?.pid})`);
  expect(service.processes()).toEqual(before);
  const answer = await service.json<{ status: string }>('POST', '/v1/responses', {
    model: 'extractive',
    input: '还在吗？',
  });
  expect(answer.status).toBe('completed');
});
