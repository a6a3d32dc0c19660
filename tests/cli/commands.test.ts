import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budao, type CliOptions } from '../support/cli.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Ingested {
  knowledge_base: { id: string; name: string };
  completed: number;
  failed: number;
  files: {
    path: string;
    id: string | null;
    status: string;
    replaces: string | null;
    error: { code: string } | null;
  }[];
}

describe('budao on a service at work', () => {
  let service: Service;
  let folder: string;
  const run = (args: string[], options: CliOptions = {}) =>
    budao([...args, '--data-dir', service.dataDir], options);
  const runJson = async <T>(args: string[], expectedCode = 0): Promise<T> => {
    const { code, stdout, stderr } = await run([...args, '--json']);
    expect(code, stderr).toBe(expectedCode);
    return JSON.parse(stdout) as T;
  };

  beforeAll(async () => {
    service = await Service.start();
    folder = await mkdtemp(join(tmpdir(), 'budao-ingest-'));
    await mkdir(join(folder, 'deeper'));
    await mkdir(join(folder, '.git'));
    await writeFile(join(folder, 'vpn.md'), '# VPN\n\nThe VPN portal asks for a token every eight hours.\n');
    await writeFile(join(folder, 'deeper', '考勤.txt'), '第一条 迟到三次的，扣当月全勤奖。\n');
    const noise = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 89) % 256);
    await writeFile(join(folder, 'broken.pdf'), noise);
    await writeFile(join(folder, '.git', 'config'), 'hidden');
  }, 180_000);

  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('says what an ingest would do, and does nothing', async () => {
    const plan = await runJson<{ knowledge_base: { is_new: boolean }; files: object[] }>([
      'ingest',
      folder,
      '--kb',
      'Rules',
      '--dry-run',
    ]);
    expect(plan.knowledge_base.is_new).toBe(true);
    expect(plan.files).toHaveLength(3);
    expect((await service.json<{ data: object[] }>('GET', '/v1/vector_stores')).data).toEqual([]);
  });

  it('ingests a folder, names what failed and why, and leaves with 1', async () => {
    const { code, stdout } = await run(['ingest', folder, '--kb', 'Rules', '--attribute', 'year=2026']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/broken\.pdf +failed +0 +The document is damaged/);
    expect(stdout).toMatch(/deeper\/考勤\.txt +ready/);
    expect(stdout).toContain("2 ready, 1 not, in 'Rules'.");
  });

  it('replaces a document of the same name, which keeps its attributes', async () => {
    const file = join(folder, 'vpn.md');
    const first = await runJson<Ingested>(['ingest', file, '--kb', 'rules', '--replace']);
    expect(first.files[0]?.replaces).toMatch(/^file_/);
    const found = await runJson<{ data: { file_id: string; attributes: object }[] }>([
      'search',
      'token for the VPN portal',
      '--attribute',
      'year=2026',
    ]);
    expect(found.data.map((hit) => hit.file_id)).toContain(first.files[0]?.id);
    expect(found.data.map((hit) => hit.file_id)).not.toContain(first.files[0]?.replaces);
  });

  it('brings every file in once when the API process is killed in the middle', async () => {
    const many = join(folder, 'many');
    await mkdir(many);
    const text = 'The generator is tested on the first Monday of each month. '.repeat(2_000);
    for (let index = 0; index < 24; index++)
      await writeFile(join(many, `${index}.md`), `# ${index}\n\n${text}`);
    const ingesting = run(['ingest', many, '--kb', 'Many', '--json']);
    const bases = () =>
      service.json<{ data: { id: string; name: string; file_counts: { total: number } }[] }>(
        'GET',
        '/v1/vector_stores',
      );
    await until(async () =>
      (await bases()).data.some((base) => base.name === 'Many' && base.file_counts.total > 0),
    );
    service.kill('api');
    const { code, stdout, stderr } = await ingesting;
    expect(code, stdout + stderr).toBe(0);
    expect((JSON.parse(stdout) as Ingested).completed).toBe(24);
    expect((await bases()).data.find((base) => base.name === 'Many')?.file_counts.total).toBe(24);
  });

  it('finds passages with score, file and place', async () => {
    const { code, stdout } = await run(['search', '迟到扣全勤奖', '--limit', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d\.\d\d {2}考勤\.txt › 考勤 › 第一条\n +第一条 迟到三次/);
  });

  it('lists, shows and replays runs', async () => {
    const { data } = await runJson<{ data: { id: string; kind: string; status: string }[] }>([
      'runs',
      'list',
      '--kind',
      'ingest',
      '--status',
      'completed',
    ]);
    const id = data[0]?.id ?? '';
    expect((await runJson<{ id: string }>(['runs', 'show', id])).id).toBe(id);
    const watched = await run(['runs', 'watch', id, '--json']);
    const events = watched.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; type: string });
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.type).toBe('run.completed');
    expect((await run(['runs', 'cancel', id])).stdout).toContain('has ended: completed');
    expect((await run(['runs', 'show', 'run_none'])).code).toBe(4);
  });

  it('lists every process with its pid, role and runs', async () => {
    const status = await runJson<{
      running: boolean;
      url: string;
      version: string;
      dataDir: string;
      processes: { pid: number; role: string; runs: string[] }[];
    }>(['status']);
    expect(status).toMatchObject({ running: true, url: service.url, dataDir: service.dataDir });
    const stays = ({ role }: { role: string }) => role !== 'parser';
    const listed = status.processes.filter(stays);
    expect(listed.map(({ role }) => role).sort()).toEqual(['api', 'supervisor', 'worker', 'worker']);
    const pids = service
      .processes()
      .filter(stays)
      .map(({ pid }) => pid);
    expect(listed.map(({ pid }) => pid).sort()).toEqual(pids.sort());
    for (const process of status.processes) expect(Array.isArray(process.runs)).toBe(true);
  });

  it('examines the stores beside the service', async () => {
    const report = await runJson<{ ok: boolean; running: boolean; findings: object[] }>(['doctor', '--deep']);
    expect(report).toMatchObject({ ok: true, running: true });
  });

  it('adds a person, changes the role, shuts out, and shows a new password once', async () => {
    const added = await runJson<{ id: string; password: string }>([
      'users',
      'add',
      'lihua',
      '--role',
      'editor',
    ]);
    expect(added.password.length).toBeGreaterThan(10);
    await runJson(['users', 'set-role', 'lihua', 'reader']);
    await runJson(['users', 'disable', 'lihua']);
    const reset = await runJson<{ password: string }>(['users', 'reset-password', added.id]);
    expect(reset.password).not.toBe(added.password);
    const { stdout } = await run(['users', 'list'], { environment: { LANG: 'zh_CN.UTF-8' } });
    expect(stdout).toMatch(/lihua +lihua +读者 +已停用/);
    expect(stdout).not.toContain(reset.password);
    expect((await run(['users', 'set-role', 'nobody', 'reader'])).code).toBe(4);
    expect((await run(['users', 'set-role', 'lihua', 'king'])).code).toBe(2);
  });

  it('makes a key that works for its role, until it is revoked', async () => {
    const key = await runJson<{ id: string; key: string }>(['keys', 'create', 'nightly', '--role', 'reader']);
    const asReader = ['--url', service.url, '--api-key', key.key];
    expect((await budao(['search', 'vpn', ...asReader])).code).toBe(0);
    expect((await budao(['users', 'list', ...asReader])).code).toBe(4);
    expect((await run(['keys', 'list'])).stdout).not.toContain(key.key);
    await runJson(['keys', 'revoke', key.id]);
    expect((await budao(['search', 'vpn', ...asReader])).code).toBe(4);
  });

  it('never goes through a proxy to this machine', async () => {
    const proxy = 'http://127.0.0.1:9';
    const environment = { HTTP_PROXY: proxy, http_proxy: proxy, NODE_USE_ENV_PROXY: '1' };
    expect((await run(['runs', 'list'], { environment })).code).toBe(0);
  });

  it('tells status, doctor and errors apart once the service has stopped', async () => {
    expect(await service.stop()).toBe(0);
    const status = await runJson<{ running: boolean; processes: object[] }>(['status'], 3);
    expect(status).toMatchObject({ running: false, url: null, processes: [] });
    expect(await runJson<{ ok: boolean; running: boolean }>(['doctor'])).toMatchObject({
      ok: true,
      running: false,
    });
    const asked = await run(['ask', 'anybody there?']);
    expect(asked.code).toBe(3);
    expect(asked.stderr).toContain('not_running');
    expect(asked.stderr).toContain('npm run up');
    // What a killed service leaves behind.
    await writeFile(join(service.dataDir, 'endpoint.json'), JSON.stringify({ url: service.url }));
    const again = await run(['ask', 'anybody there?']);
    expect(again.code).toBe(3);
    expect(again.stderr).toContain('service_unreachable');
    const named = await run(['runs', 'list', '--url', service.url, '--json']);
    expect(named.code).toBe(3);
    expect(JSON.parse(named.stdout)).toMatchObject({ error: { code: 'service_unreachable' } });
  });
});

describe('budao without a service', () => {
  it('never sends the key of this machine to another one', async () => {
    const result = await budao(['runs', 'list', '--url', 'http://budao.example']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('key_missing');
  });

  it('creates nothing by looking', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'budao-empty-'));
    const missing = join(folder, 'nothing-here');
    expect((await budao(['status', '--data-dir', missing])).code).toBe(3);
    expect((await budao(['doctor', '--data-dir', missing])).code).toBe(2);
    expect((await budao(['ask', 'x', '--data-dir', missing])).code).toBe(3);
    await expect(rm(missing)).rejects.toMatchObject({ code: 'ENOENT' });
    await rm(folder, { recursive: true });
  });

  it('shows the settings without their secrets', async () => {
    const environment = {
      BUDAO_MODEL_BASE_URL: 'http://127.0.0.1:9/v1',
      BUDAO_MODEL_API_KEY: 'sk-very-secret',
    };
    const result = await budao(['config', 'check', '--offline', '--json'], { environment });
    expect(result.code).toBe(0);
    expect(result.stdout).not.toContain('sk-very-secret');
    expect(JSON.parse(result.stdout)).toMatchObject({ ok: true, settings: { port: 7860, workers: 2 } });
  });

  it('tries the model and says why it does not answer', async () => {
    const environment = { BUDAO_MODEL_BASE_URL: 'http://127.0.0.1:9/v1', BUDAO_MODEL_NAME: 'far' };
    const result = await budao(['config', 'check'], { environment });
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(/✗ far: /);
  });

  it('names every bad setting at once', async () => {
    const file = join(tmpdir(), `budao-config-${process.pid}.yaml`);
    await writeFile(file, 'port: 99999\nworker: 3\n');
    const result = await budao(['config', 'check', '--config', file]);
    await rm(file);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('port');
    expect(result.stderr).toContain('worker');
  });

  it('has help with an example and the exit codes for every command', async () => {
    const { stdout, code } = await budao(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Exit codes:');
    for (const command of [
      'ask',
      'ingest',
      'search',
      'runs',
      'status',
      'doctor',
      'users',
      'keys',
      'config',
    ]) {
      const help = await budao([command, '--help']);
      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(/Examples?:\n {2}/);
    }
    expect((await budao(['--lang', 'zh', 'ask', '--help'])).stdout).toContain('用法');
  });
});
