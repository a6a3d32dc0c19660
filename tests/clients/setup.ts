import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startUpstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { SLOW_TOKENS } from './target.ts';

const HANDBOOK = '# Leave\n\nStaff have 15 days of annual leave. Unused days lapse on 31 March.\n';
const ANSWER = ['Staff have ', '15 days', ' of annual ', 'leave [1].'];

/** One service for all client tests: a model that cites, a slow one, and a handbook that is ready. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await using started = new AsyncDisposableStack();
  const citing = started.use(await startUpstream({ tokens: ANSWER }));
  const slow = started.use(await startUpstream({ tokens: SLOW_TOKENS, tokensPerSecond: 40 }));
  const folder = await mkdtemp(join(tmpdir(), 'budao-clients-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const configuration = {
    models: [
      { name: 'citing', baseUrl: citing.url, model: 'citing' },
      { name: 'slow', baseUrl: slow.url, model: 'slow' },
    ],
  };
  // JSON is YAML too.
  await writeFile(join(folder, 'budao.yaml'), JSON.stringify(configuration));
  const service = started.use(
    await Service.start({ environment: { BUDAO_CONFIG: join(folder, 'budao.yaml') } }),
  );
  project.provide('clientTarget', {
    baseUrl: `${service.url}/v1`,
    apiKey: service.apiKey,
    knowledgeBaseId: await createHandbook(service),
  });
  const running = started.move();
  return () => running.disposeAsync();
}

async function createHandbook(service: Service): Promise<string> {
  const base = await service.json<{ id: string }>('POST', '/v1/vector_stores', { name: 'Handbook' });
  await service.json('POST', `/v1/vector_stores/${base.id}`, { is_default: true });
  const form = new FormData();
  form.append('file', new Blob([HANDBOOK]), 'leave.md');
  await service.json('POST', `/v1/vector_stores/${base.id}/documents`, form);
  await until(async () => {
    const { file_counts: counts } = await service.json<{ file_counts: { completed: number } }>(
      'GET',
      `/v1/vector_stores/${base.id}`,
    );
    return counts.completed === 1;
  });
  return base.id;
}
