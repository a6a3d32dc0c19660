import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { budao } from '../support/cli.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

test('a configuration file that is spoilt while the service runs ends nothing: status says what is wrong, and mending it is enough', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-spoilt-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, 'budao.yaml');
  await writeFile(config, 'workers: 1\n');
  const service = cleanup.use(await Service.start({ environment: { BUDAO_CONFIG: config } }));
  await writeFile(config, 'workres: 1\n');
  service.kill('worker');
  await until(async () =>
    (await budao(['status', '--data-dir', service.dataDir])).stdout.includes('workres'),
  );
  expect(service.output).toContain('workres');
  expect((await service.request('GET', '/v1/models')).status).toBe(200);
  await writeFile(config, 'workers: 1\n');
  await until(() => service.isReady());
  const answer = await service.json<{ status: string }>('POST', '/v1/responses', {
    model: 'extractive',
    input: '还在吗？',
  });
  expect(answer.status).toBe('completed');
});
