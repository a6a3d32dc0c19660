import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseGolden } from '../../src/evaluation/golden.ts';
import type { StreamState } from '../../src/recovery/stream/stream-state.ts';
import { budao } from '../support/cli.ts';
import { isRunning, ROOT, Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { type AcknowledgedWrite, writeOn } from './acknowledged-writes.ts';

/** The soak run does more of the same. */
const ROUNDS = Number(process.env.BUDAO_STREAM_KILLS ?? 1);
/** Beside what the service says itself: a look, and the time to say it. */
const UNTOLD_MS = 3_000;

let place: string;
let service: Service;
let base: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-stream-'));
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await writeFile(join(place, 'budao.yaml'), JSON.stringify({ backup: { repositories } }));
  const environment = { BUDAO_SAMPLE: '1', BUDAO_CONFIG: join(place, 'budao.yaml') };
  service = await Service.start({ environment, dataDir: join(place, 'data') });
  await succeed('backup', 'init', '--new-key', join(place, 'recovery.key'));
  const { data } = await service.json<{ data: { id: string }[] }>('GET', '/v1/vector_stores');
  base = data[0]?.id ?? '';
  await untilIndexed();
}, 240_000);

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
});

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await budao([...args, '--data-dir', service.dataDir], {
    environment: { BUDAO_CONFIG: join(place, 'budao.yaml') },
  });
  if (code !== 0) throw new Error(`budao ${args.join(' ')}: ${code}\n${stderr}\n${stdout}`);
  return stdout;
}

/** Not by a command, which would take a second itself. */
async function stream(): Promise<StreamState | null> {
  const text = await readFile(join(service.dataDir, 'stream-state.json'), 'utf8').catch(() => '[]');
  return (JSON.parse(text) as StreamState[])[0] ?? null;
}

async function untilShipped(): Promise<void> {
  const now = Date.now();
  await until(async () => ((await stream())?.coveredUntil ?? 0) > now, 120_000);
}

async function untilIndexed(): Promise<void> {
  await until(async () => {
    const { file_counts: counts } = await service.json<{ file_counts: Record<string, number> }>(
      'GET',
      `/v1/vector_stores/${base}`,
    );
    return (counts.total ?? 0) > 0 && counts.completed === counts.total;
  }, 120_000);
}

/** What each golden question finds, to the last digit of its score. */
async function findGolden(): Promise<unknown[]> {
  const golden = parseGolden(await readFile(join(ROOT, 'samples/hospital/golden.jsonl'), 'utf8'));
  const found: unknown[] = [];
  for (const { question } of golden) {
    const query = { query: question, max_num_results: 10 };
    const page = await service.json<{ data: unknown[] }>('POST', `/v1/vector_stores/${base}/search`, query);
    found.push([question, page.data]);
  }
  return found;
}

async function isThere({ path, text }: AcknowledgedWrite): Promise<boolean> {
  const response = await service.request('GET', path);
  if (response.status === 404) return false;
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return text === null || (await response.text()) === text;
}

describe('an installation that ships its changes', { timeout: 300_000 }, () => {
  it('loses nothing older than the lag that it tells when its data folder is deleted under load, again and again', async () => {
    await untilShipped();
    const golden = await findGolden();
    for (let round = 0; round < ROUNDS; round++) {
      const writer = writeOn(service);
      await until(() => writer.acknowledged.length >= 20, 60_000);
      await untilShipped();
      await until(() => writer.acknowledged.length >= 60, 60_000);
      const killedAt = Date.now();
      await service.killAll();
      const told = (await stream()) as StreamState;
      await writer.stop();
      await rm(service.dataDir, { recursive: true, maxRetries: 5 });

      const key = join(place, 'recovery.key');
      const restored = JSON.parse(await succeed('restore', '--to', 'latest', '--key', key, '--json'));
      await service.start();
      const lost: AcknowledgedWrite[] = [];
      for (const write of writer.acknowledged) if (!(await isThere(write))) lost.push(write);
      const oldest = Math.min(killedAt, ...lost.map(({ at }) => at));
      const toldLagMs = killedAt - (told.coveredUntil ?? 0);
      expect(killedAt - oldest).toBeLessThanOrEqual(toldLagMs);
      expect(toldLagMs).toBeLessThan(UNTOLD_MS + 10_000);
      for (const { at } of lost) expect(at).toBeGreaterThanOrEqual(restored.point.since);
      await untilIndexed();
      expect(await findGolden()).toEqual(golden);
    }
  });

  it('goes on by itself when the shipper is killed, and answers meanwhile', async () => {
    await untilShipped();
    const before = await stream();
    const pid = await shipperPid();
    process.kill(pid, 'SIGKILL');
    await service.json('POST', '/v1/conversations', {});
    await until(async () => {
      const now = await stream();
      return now !== null && now.generation !== null && now.generation !== before?.generation;
    }, 60_000);
    await untilShipped();
    expect(isRunning(pid)).toBe(false);
    const metrics = await (await service.request('GET', '/metrics')).text();
    expect(metrics).toMatch(/^# HELP budao_installation_recovery_lag_seconds /m);
    expect(JSON.parse(await succeed('status', '--json'))).toMatchObject({
      streams: [{ repository: 'local', phase: 'shipping', lagMs: expect.any(Number) }],
    });
    expect(JSON.parse(await succeed('backup', 'status', '--json'))).toMatchObject({
      streams: [{ repository: 'local', phase: 'shipping', reason: null }],
    });
  });

  it('goes back to a time before a document was deleted', async () => {
    const form = new FormData();
    form.set('purpose', 'assistants');
    form.set('file', new File(['# 误删的文件\n\n第一条 不应删除。\n'], '误删.md'));
    const { id } = await service.json<{ id: string }>('POST', '/v1/files', form);
    await untilShipped();
    const time = new Date().toISOString();
    await until(() => Date.now() > Date.parse(time) + 2_000);
    await service.json('DELETE', `/v1/files/${id}`);
    await untilShipped();
    await service.stop();
    const key = join(place, 'recovery.key');
    await succeed('restore', '--to', time, '--key', key, '--replace');
    await service.start();
    expect(await (await service.request('GET', `/v1/files/${id}/content`)).text()).toContain('不应删除');
  });
});

/** The shipper is in no list of processes. */
async function shipperPid(): Promise<number> {
  const { execFileSync } = await import('node:child_process');
  const [supervisor] = service.processes('supervisor');
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(supervisor?.pid)], {
    encoding: 'utf8',
  });
  const line = lines.split('\n').find((one) => one.includes('/processes/shipper.'));
  return Number(line?.trim().split(' ')[0]);
}
