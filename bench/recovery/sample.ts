import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { budao } from '../../tests/support/cli.ts';
import { Service } from '../../tests/support/service.ts';
import { until } from '../../tests/support/until.ts';

const QUESTION = '员工依法登记结婚的，享受婚假多少天？';

/** The sample installation is lost: from the command to the first answer from its documents. @returns seconds */
export async function measureSample(place: string): Promise<number> {
  await mkdir(place);
  const configFile = join(place, 'budao.yaml');
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await writeFile(configFile, JSON.stringify({ backup: { repositories } }));
  const environment = { BUDAO_CONFIG: configFile };
  const run = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await budao([...args, '--data-dir', join(place, 'data')], { environment });
    if (code !== 0) throw new Error(`budao ${args.join(' ')}: ${stderr}`);
  };
  await using service = await Service.start({
    environment: { ...environment, BUDAO_SAMPLE: '1' },
    dataDir: join(place, 'data'),
  });
  await until(async () => (await answer(service)).includes('13'), 60_000);
  await run('backup', 'init', '--new-key', join(place, 'key'));
  await run('backup', 'create');
  await service.killAll();
  await rm(service.dataDir, { recursive: true });
  const startedAt = performance.now();
  await run('restore', '--key', join(place, 'key'));
  const restoredAt = performance.now();
  await service.start();
  const readyAt = performance.now();
  if (!(await answer(service)).includes('13'))
    throw new Error('the restored service does not know the answer');
  const answeredAt = performance.now();
  const part = (from: number, to: number): string => `${((to - from) / 1000).toFixed(2)} s`;
  console.error(
    `sample: restored in ${part(startedAt, restoredAt)}, ready after ${part(restoredAt, readyAt)} more, first answer ` +
      `${part(readyAt, answeredAt)} later: ${part(startedAt, answeredAt)} in all (goal 10 s)`,
  );
  return (answeredAt - startedAt) / 1000;
}

async function answer(service: Service): Promise<string> {
  const { output } = await service.json<{ output: unknown }>('POST', '/v1/responses', {
    model: 'extractive',
    input: QUESTION,
  });
  return JSON.stringify(output);
}
