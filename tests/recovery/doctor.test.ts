import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budao } from '../support/cli.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Report {
  ok: boolean;
  running: boolean;
  checks: { check: string; result: string; fixable: boolean; fixed: boolean; evidence: { en: string } }[];
}

describe('doctor on the morning after', () => {
  let service: Service;
  let aside: string;

  beforeAll(async () => {
    service = await Service.start({ environment: { BUDAO_SAMPLE: '1' } });
    aside = await mkdtemp(join(tmpdir(), 'budao-aside-'));
  }, 180_000);
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await rm(aside, { recursive: true, force: true });
  });

  const examine = async (...options: string[]): Promise<Report & { code: number | null }> => {
    const environment = { BUDAO_PORT: String(service.port) };
    const args = ['doctor', '--json', '--data-dir', service.dataDir, ...options];
    const { code, stdout } = await budao(args, { environment });
    return { code, ...(JSON.parse(stdout) as Report) };
  };
  const results = ({ checks }: Report): Record<string, string> =>
    Object.fromEntries(checks.map(({ check, result }) => [check, result]));

  it('looks at everything, in both languages, and leaves with 1 for a warning only when told to', async () => {
    const report = await examine();
    expect(report).toMatchObject({ code: 0, ok: true, running: true });
    expect(results(report)).toMatchObject({
      'file-system': 'ok',
      space: 'ok',
      port: 'ok',
      ledger: 'ok',
      index: 'ok',
      search: 'ok',
      runs: 'ok',
      backups: 'warning',
    });
    expect((await examine('--strict')).code).toBe(1);
    const chinese = await budao(['doctor', '--lang', 'zh', '--data-dir', service.dataDir]);
    expect(chinese.stdout).toMatch(/正常 +账本 +可以打开/);
    expect(chinese.stdout).toMatch(/警告 +备份 +未配置仓库/);
  });

  it('has an index filled again beside the service, which says so until it is done', async () => {
    const tables = await readdir(join(service.dataDir, 'index'));
    expect(tables).not.toEqual([]);
    for (const table of tables) await rm(join(service.dataDir, 'index', table), { recursive: true });
    expect(results(await examine())).toMatchObject({ index: 'failed' });
    const fixed = await examine('--fix');
    expect(fixed.checks.find(({ check }) => check === 'index')).toMatchObject({ fixable: true, fixed: true });
    await until(
      async () => results(await examine()).index === 'ok' && results(await examine()).search === 'ok',
    );
    const reply = await fetch(`${service.url}/startupz`, { headers: { accept: 'application/json' } });
    expect(await reply.json()).toMatchObject({ status: 'ok', step: null, progress: 1 });
  });

  it('works while the service is stopped, and when the ledger is gone', async () => {
    await service.stop();
    expect(await examine()).toMatchObject({ code: 0, running: false });
    const ledger = join(service.dataDir, 'ledger.db');
    await rename(ledger, join(aside, 'ledger.db'));
    const gone = await examine('--fix');
    expect(gone).toMatchObject({ code: 1, ok: false });
    expect(results(gone)).toMatchObject({ ledger: 'failed', index: 'unknown', space: 'ok' });
    const status = await budao(['status', '--json', '--data-dir', service.dataDir]);
    expect(JSON.parse(status.stdout)).toMatchObject({ running: false, starting: null });
    await rename(join(aside, 'ledger.db'), ledger);
    expect(await examine()).toMatchObject({ code: 0 });
  });
});
