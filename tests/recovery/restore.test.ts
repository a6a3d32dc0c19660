import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResponseObject } from '../../src/contract/openai/response-object.ts';
import { parseGolden } from '../../src/evaluation/golden.ts';
import { budao, type CliResult } from '../support/cli.ts';
import { ROOT, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const UPLOADED = '# 停车管理办法\n\n第三条 员工停车每月收费三十元，新能源车免费。\n';
const QUESTION = '新能源车停车收费吗？';

interface Made {
  id: string;
  repository: string;
  counts: { documents: number };
}

let place: string;
let service: Service;
const cli = (...args: string[]): Promise<CliResult> =>
  budao(args, { environment: { BUDAO_CONFIG: join(place, 'budao.yaml') } });

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-recovery-'));
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await writeFile(join(place, 'budao.yaml'), JSON.stringify({ backup: { repositories } }));
  const environment = { BUDAO_SAMPLE: '1', BUDAO_CONFIG: join(place, 'budao.yaml') };
  service = await Service.start({ environment, dataDir: join(place, 'data') });
}, 180_000);

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
});

/** @returns what it said */
async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args, '--data-dir', service.dataDir);
  if (code !== 0) throw new Error(`budao ${args.join(' ')}: ${code}\n${stderr}\n${stdout}`);
  return stdout;
}

async function untilIndexed(base: string): Promise<void> {
  await until(async () => {
    const { file_counts: counts } = await service.json<{ file_counts: Record<string, number> }>(
      'GET',
      `/v1/vector_stores/${base}`,
    );
    return (counts.total ?? 0) > 0 && counts.completed === counts.total;
  }, 120_000);
}

/** What each golden question finds, to the last digit of its score. */
async function findGolden(base: string): Promise<unknown[]> {
  const golden = parseGolden(await readFile(join(ROOT, 'samples/hospital/golden.jsonl'), 'utf8'));
  const found: unknown[] = [];
  for (const { question } of golden) {
    const page = await service.json<{ data: unknown[] }>('POST', `/v1/vector_stores/${base}/search`, {
      query: question,
      max_num_results: 10,
    });
    found.push([question, page.data]);
  }
  return found;
}

async function ask(question: string, conversation?: string): Promise<string> {
  const response = await service.json<ResponseObject>('POST', '/v1/responses', {
    model: 'extractive',
    input: question,
    ...(conversation === undefined ? {} : { conversation }),
  });
  expect(response.status).toBe('completed');
  return JSON.stringify(response.output);
}

/** Conversations one after the other, each noted once it was acknowledged. */
function writeOn(): { acknowledged: string[]; stop(): Promise<void> } {
  const acknowledged: string[] = [];
  let stopped = false;
  const writing = (async () => {
    while (!stopped) {
      const { id } = await service.json<{ id: string }>('POST', '/v1/conversations', {});
      acknowledged.push(id);
    }
  })();
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await writing;
    },
  };
}

describe('an installation whose data folder is gone', { timeout: 240_000 }, () => {
  it('is back by one command with everything that the snapshot took, and finds and answers the same', async () => {
    const { data } = await service.json<{ data: { id: string }[] }>('GET', '/v1/vector_stores');
    const base = data[0]?.id ?? '';
    const form = new FormData();
    form.set('file', new File([UPLOADED], '停车管理办法.md'));
    await service.json('POST', `/v1/vector_stores/${base}/documents`, form);
    await untilIndexed(base);
    const conversation = await service.json<{ id: string }>('POST', '/v1/conversations', {});
    expect(await ask(QUESTION, conversation.id)).toContain('免费');
    const golden = await findGolden(base);

    const key = join(place, 'recovery.key');
    await succeed('backup', 'init', '--new-key', key);
    const writer = writeOn();
    await until(() => writer.acknowledged.length >= 5);
    const before = [...writer.acknowledged];
    const made = JSON.parse(await succeed('backup', 'create', '--json')) as Made;
    await until(() => writer.acknowledged.length > before.length);
    await writer.stop();
    expect(made).toMatchObject({ repository: 'local', counts: { documents: 17 } });

    await service.killAll();
    await rm(service.dataDir, { recursive: true });
    const dry = await succeed('restore', '--key', key, '--dry-run', '--json');
    expect(JSON.parse(dry)).toMatchObject({ dryRun: true, isOccupied: false, outcome: null });
    expect(JSON.parse(await succeed('restore', '--key', key, '--json'))).toMatchObject({
      snapshot: { id: made.id },
      outcome: { blobs: 17, leftOut: [], replaced: null },
    });

    await service.start();
    expect(await findGolden(base)).toEqual(golden);
    expect(await ask(QUESTION)).toContain('免费');
    const items = await service.json<{ data: unknown[] }>(
      'GET',
      `/v1/conversations/${conversation.id}/items`,
    );
    expect(JSON.stringify(items.data)).toContain('免费');
    for (const id of before)
      expect(await service.json('GET', `/v1/conversations/${id}`)).toMatchObject({ id });
    expect(JSON.parse(await succeed('doctor', '--deep', '--json'))).toMatchObject({ findings: [] });
  });

  it('is left alone by a second restore, while it runs and after, but for an explicit word', async () => {
    const key = join(place, 'recovery.key');
    const again = (...more: string[]): Promise<CliResult> =>
      cli('restore', '--key', key, '--json', '--data-dir', service.dataDir, ...more);
    expect((await again('--replace')).stdout).toContain('data_folder_in_use');
    await service.stop();
    expect((await again()).stdout).toContain('restore_target_not_empty');
    const { outcome } = JSON.parse((await again('--replace')).stdout) as { outcome: { replaced: string } };
    expect(existsSync(join(outcome.replaced, 'ledger.db'))).toBe(true);
    await service.start();
    expect(await ask(QUESTION)).toContain('免费');
  });

  it('does not start on one half of a restore, and says what to do', async () => {
    await service.stop();
    const mark = join(service.dataDir, 'restore-unfinished.json');
    await writeFile(mark, JSON.stringify({ snapshotId: 'snap', replaced: null }));
    const child = service.spawn();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(service.output).toContain('holds one half of a restore that broke off');
    const key = join(place, 'recovery.key');
    await succeed('restore', '--key', key, '--replace');
    await service.start();
    expect(await ask(QUESTION)).toContain('免费');
  });
});
