import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budao } from '../support/cli.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const QUESTION = '员工依法登记结婚的，享受婚假多少天？';

let place: string;
let service: Service;
let base: { id: string; name: string };

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-part-service-'));
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await writeFile(join(place, 'budao.yaml'), JSON.stringify({ backup: { repositories } }));
  const environment = { BUDAO_SAMPLE: '1', BUDAO_CONFIG: join(place, 'budao.yaml') };
  service = await Service.start({ environment, dataDir: join(place, 'data') });
}, 180_000);

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
});

async function run<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await budao([...args, '--json', '--data-dir', service.dataDir], {
    environment: { BUDAO_CONFIG: join(place, 'budao.yaml') },
  });
  if (code !== 0) throw new Error(`budao ${args.join(' ')}: ${code}\n${stderr}\n${stdout}`);
  return JSON.parse(stdout) as T;
}

async function untilIndexed(): Promise<void> {
  await until(async () => {
    const { file_counts: counts } = await service.json<{ file_counts: Record<string, number> }>(
      'GET',
      `/v1/vector_stores/${base.id}`,
    );
    return (counts.total ?? 0) > 0 && counts.completed === counts.total;
  }, 120_000);
}

async function search(): Promise<unknown[]> {
  const { data } = await service.json<{ data: unknown[] }>('POST', `/v1/vector_stores/${base.id}/search`, {
    query: QUESTION,
    max_num_results: 10,
  });
  return data;
}

async function deleteEverything(): Promise<void> {
  const { data: files } = await service.json<{ data: { id: string }[] }>('GET', '/v1/files?limit=100');
  await service.json('DELETE', `/v1/vector_stores/${base.id}`);
  for (const { id } of files) await service.json('DELETE', `/v1/files/${id}`);
}

const bringBack = () =>
  run<{ documents: object; knowledgeBases: object }>(
    'restore',
    '--key',
    join(place, 'key'),
    '--knowledge-base',
    base.name,
  );

describe('a running service', { timeout: 240_000 }, () => {
  it('has a knowledge base back that somebody deleted, and finds the same in it', async () => {
    const { data } = await service.json<{ data: { id: string; name: string }[] }>('GET', '/v1/vector_stores');
    base = data[0] ?? { id: '', name: '' };
    await untilIndexed();
    const found = await search();
    expect(found.length).toBeGreaterThan(0);
    await run('backup', 'init', '--new-key', join(place, 'key'));
    await run('backup', 'create');
    await deleteEverything();
    const gone = await service.request('GET', `/v1/vector_stores/${base.id}`);
    expect(gone.status).toBe(404);

    expect(await bringBack()).toMatchObject({ documents: { back: 16 }, knowledgeBases: { back: 1 } });
    await untilIndexed();
    expect(await search()).toEqual(found);
    using database = new DatabaseSync(join(service.dataDir, 'ledger.db'), { readOnly: true });
    const row = database.prepare(`SELECT status FROM run WHERE kind = 'restore-part'`).get();
    expect(row).toEqual({ status: 'completed' });
    // The recovery key is kept no longer than the run needs it.
    expect(database.prepare(`SELECT name FROM setting WHERE name LIKE 'restore-part%'`).all()).toEqual([]);
  });

  it('goes on with it when its workers are killed again and again, and has nothing twice', async () => {
    const found = await search();
    await deleteEverything();
    const restoring = bringBack();
    for (let kills = 0; kills < 3; kills++) {
      await service.untilBothWorkers();
      for (const { pid } of service.processes('worker')) process.kill(pid, 'SIGKILL');
    }
    expect(await restoring).toMatchObject({ knowledgeBases: expect.anything() });
    await untilIndexed();
    expect(await search()).toEqual(found);
    const { data: bases } = await service.json<{ data: unknown[] }>('GET', '/v1/vector_stores');
    expect(bases).toHaveLength(1);
    const { data: files } = await service.json<{ data: unknown[] }>('GET', '/v1/files?limit=100');
    expect(files).toHaveLength(16);
  });
});
