import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../access/intruder.ts';
import { budao, type CliResult } from '../support/cli.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Rehearsed {
  verdict: string;
  code: string | null;
  message: string | null;
  evidence: {
    rtoMs: number;
    rpoMs: number;
    baseline: object | null;
    retrieval: { questions: number; identical: number };
    doctor: { errors: number };
    kept: string | null;
  };
}

let place: string;
let service: Service;
let key: string;
const DEADLINE_MS = 180_000;
const cli = (...args: string[]): Promise<CliResult> =>
  budao([...args, '--data-dir', service.dataDir], {
    environment: { BUDAO_CONFIG: join(place, 'budao.yaml') },
    deadlineMs: DEADLINE_MS,
  });
const sandboxes = (): string[] => {
  try {
    return readdirSync(join(service.dataDir, 'rehearsals'));
  } catch {
    return [];
  }
};

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-rehearsal-'));
  key = join(place, 'recovery.key');
  const backup = { repositories: [{ name: 'local', folder: join(place, 'repository') }], keyFile: key };
  await writeFile(join(place, 'budao.yaml'), JSON.stringify({ backup }));
  const environment = { BUDAO_SAMPLE: '1', BUDAO_CONFIG: join(place, 'budao.yaml') };
  service = await Service.start({ environment, dataDir: join(place, 'data') });
  await succeed('backup', 'init', '--new-key', key);
}, 180_000);

afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
});

/** @returns what it said */
async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  if (code !== 0) throw new Error(`budao ${args.join(' ')}: ${code}\n${stderr}\n${stdout}`);
  return stdout;
}

async function untilIndexed(): Promise<void> {
  await until(async () => {
    const { data } = await service.json<{ data: { file_counts: Record<string, number> }[] }>(
      'GET',
      '/v1/vector_stores',
    );
    const counts = data[0]?.file_counts ?? {};
    return (counts.total ?? 0) > 0 && counts.completed === counts.total;
  }, 120_000);
}

/** What runs out of a sandbox. */
function sandboxProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(join(service.dataDir, 'rehearsals'));
      } catch {
        return false;
      }
    });
}

describe('a rehearsal', { timeout: 240_000 }, () => {
  it('brings the snapshot to life, finds the same, says how long that took, and leaves nothing behind', async () => {
    await untilIndexed();
    await succeed('backup', 'create');
    const rehearsed = JSON.parse(await succeed('backup', 'rehearse', '--json')) as Rehearsed;
    expect(rehearsed).toMatchObject({
      verdict: 'pass',
      evidence: { baseline: { kind: 'live', isSameContent: true }, doctor: { errors: 0 } },
    });
    const { rtoMs, rpoMs, retrieval } = rehearsed.evidence;
    expect(retrieval).toMatchObject({ questions: 40, identical: 40 });
    expect(rtoMs).toBeGreaterThan(0);
    expect(rpoMs).toBeGreaterThan(0);
    expect(sandboxes()).toEqual([]);
    expect(await succeed('backup', 'results')).toContain('rehearse');
  });

  it('can be started, followed and read through the API, beside everything else about backups', async () => {
    // Each answer is held against what the OpenAPI document says of it.
    const call = async <T>(route: string, body?: unknown): Promise<T> => {
      const { status, text, asked } = await send(
        service,
        service.apiKey,
        route,
        body === undefined ? {} : { body },
      );
      expect(status, `${asked}: ${text}`).toBeLessThan(300);
      return JSON.parse(text) as T;
    };
    const get = <T>(path: string): Promise<T> => call<T>(`GET ${path}`);
    const started = await call<{ id: string }>('POST /ops/backup/runs', {
      task: 'rehearse',
      repository: 'local',
    });
    expect(await get('/ops/backup/runs')).toMatchObject({ data: [{ id: started.id, task: 'rehearse' }] });
    let status = '';
    await until(async () => {
      ({ status } = await get<{ status: string }>(`/ops/backup/runs/${started.id}`));
      return status !== 'queued' && status !== 'running';
    }, DEADLINE_MS);
    expect(status).toBe('completed');
    expect(await get('/ops/backup/results?task=rehearse&limit=1')).toMatchObject({
      data: [{ run_id: started.id, verdict: 'pass', occasion: 'manual' }],
    });

    const overview = await get<{ newest_snapshot_at: number; rpo_seconds: number }>('/ops/backup');
    expect(overview.rpo_seconds).toBeLessThanOrEqual(Date.now() / 1_000 - overview.newest_snapshot_at + 5);
    expect(await get('/ops/backup/repositories')).toMatchObject({
      data: [{ id: 'local', reachable: true, snapshots: 1, unreadable: 0, append_only: false }],
    });
    const { data: snapshots } = await get<{ data: { id: string }[] }>('/ops/backup/snapshots');
    const plan = await call('POST /ops/backup/restore-plans', {
      repository: 'local',
      snapshot_id: snapshots[0]?.id,
    });
    expect(plan).toMatchObject({ is_restorable: true, expected_seconds: expect.any(Number) });
    expect(JSON.stringify(plan)).toContain(`--snapshot ${snapshots[0]?.id}`);

    const changed = await call('PATCH /ops/backup/schedules', { snapshot: 'every 6h', time_zone: 'UTC' });
    expect(changed).toMatchObject({
      time_zone: 'UTC',
      tasks: [
        { task: 'snapshot', when: 'every 6h', configured: 'daily 02:30', is_changed: true },
        {},
        {},
        {},
      ],
    });
    await expect(
      service.json('PATCH', '/ops/backup/schedules', { snapshot: 'now and then' }),
    ).rejects.toThrow(/schedule_invalid/);
    expect(await succeed('backup', 'schedules', '--snapshot', 'default')).toContain('daily 02:30');
    expect(await get('/ops/backup/schedules')).toMatchObject({ tasks: [{ is_changed: false }, {}, {}, {}] });
  });

  it('that is killed leaves no service behind, and its folder goes by itself', async () => {
    let killed = false;
    await budao(['backup', 'rehearse', '--data-dir', service.dataDir], {
      environment: { BUDAO_CONFIG: join(place, 'budao.yaml') },
      onStart(child) {
        void until(() => sandboxProcesses().length >= 3).then(() => {
          killed = child.kill('SIGKILL');
        });
      },
    });
    expect(killed).toBe(true);
    await until(() => sandboxProcesses().length === 0, 60_000);
    await until(() => sandboxes().length === 0, 90_000);
    expect(await service.isReady()).toBe(true);
  });

  it('fails when what the snapshot needs is damaged, and says what to do', async () => {
    const packs = readdirSync(join(place, 'repository', 'packs'), { recursive: true, encoding: 'utf8' });
    for (const name of packs.filter((one) => one.endsWith('.tar.zst.age'))) {
      const path = join(place, 'repository', 'packs', name);
      const content = readFileSync(path);
      content[Math.floor(content.length / 2)] = (content[Math.floor(content.length / 2)] ?? 0) ^ 1;
      await rm(path);
      await writeFile(path, content);
    }
    const { code, stdout } = await cli('backup', 'rehearse', '--json');
    expect(code).toBe(1);
    const { verdict, message } = JSON.parse(stdout) as Rehearsed;
    expect(verdict).toBe('fail');
    expect(message).toContain('budao backup verify');
    expect(sandboxes()).toEqual([]);
    await until(async () => {
      const firing = await service.json<{ data: { rule: string; subject: string }[] }>(
        'GET',
        '/ops/alerts?state=firing',
      );
      return firing.data.some(
        ({ rule, subject }) => rule === 'backup-failed' && subject === 'rehearse local',
      );
    }, 60_000);
  });
});
