/** The tab Backup and recovery before a service with a repository: what would be lost, proofs, schedules, and a way back. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { budao } from '../support/cli.ts';
import { until } from '../support/until.ts';
import { DESKTOP, PATIENCE_MS, PHONE, picture } from './browser.ts';
import { cutOffTexts, focusedLabel, sidewaysPx, tabTo } from './page-checks.ts';
import { Stage } from './stage.ts';

/** A rehearsal starts a whole service beside this one. */
const REHEARSAL_MS = 240_000;

let place: string;
let stage: Stage;
let page: Page;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-backup-tab-'));
  const key = join(place, 'recovery.key');
  const backup = { repositories: [{ name: 'offsite', folder: join(place, 'repository') }], keyFile: key };
  await writeFile(join(place, 'budao.yaml'), JSON.stringify({ backup }));
  const environment = { BUDAO_CONFIG: join(place, 'budao.yaml') };
  stage = await Stage.set({ sample: true, environment });
  const made = await budao(['backup', 'init', '--new-key', key, '--data-dir', stage.service.dataDir], {
    environment,
  });
  if (made.code !== 0) throw new Error(made.stderr);
  await untilIndexed();
  page = await stage.signedInPage();
}, 180_000);
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(async () => {
  await page.setViewportSize(DESKTOP);
  await page.goto(`${stage.service.url}/#/resilience/backup`);
  await setPreferences(null, null);
  await page.locator('[data-fact="rpo"]').waitFor();
});

test('a snapshot and a rehearsal are started by hand, and what they prove is shown', {
  timeout: REHEARSAL_MS,
}, async () => {
  await page.locator('[data-fact="newest"].is-bad', { hasText: '还没有可用于恢复的内容' }).waitFor();
  await page.getByRole('button', { name: '立即快照：offsite' }).click();
  await page.locator('[data-snapshot]').waitFor({ timeout: 2 * PATIENCE_MS });
  await page.locator('[data-fact="newest"].is-good').waitFor({ timeout: 2 * PATIENCE_MS });
  await page.locator('[data-fact="rpo"].is-good').waitFor({ timeout: 2 * PATIENCE_MS });
  await page.getByRole('button', { name: '演练：offsite' }).click();
  await page.locator('[data-backup-run="rehearse"]').waitFor();
  await picture(page, 'backup-rehearsing');
  const proof = page.locator('[data-proof="rehearse"]');
  await proof.waitFor({ timeout: REHEARSAL_MS });
  await proof.locator('.state', { hasText: '通过' }).waitFor();
  await proof.getByText('40 / 40').waitFor();
  await page.locator('[data-fact="rto"].is-good').waitFor();
  await picture(page, 'backup-rehearsed');
});

test('schedules are changed in words that are explained, and taken back', async () => {
  await page.getByRole('button', { name: '修改计划' }).click();
  const dialog = page.getByRole('dialog');
  const field = dialog.getByLabel('快照', { exact: true });
  await field.fill('sometimes');
  await dialog.getByText('看不懂这个计划').waitFor();
  expect(await dialog.getByRole('button', { name: '保存' }).isDisabled()).toBe(true);
  await field.fill('every 6h');
  await dialog.getByText('每 6 小时').waitFor();
  await picture(page, 'backup-schedule-form');
  await dialog.getByRole('button', { name: '保存' }).click();
  await page.locator('[data-schedule="snapshot"]', { hasText: '每 6 小时' }).waitFor();
  await page.getByRole('button', { name: '修改计划' }).click();
  await dialog.getByRole('button', { name: '恢复为配置文件中的计划' }).click();
  await dialog.getByRole('button', { name: '保存' }).click();
  await page.locator('[data-schedule="snapshot"]', { hasText: '每天 02:30' }).waitFor();
});

test('the way back is walked through with the keyboard alone, up to the command', async () => {
  await page.locator('[data-snapshot]').waitFor();
  await page.locator('#main').focus();
  const opener = await tabTo(page, /^从 offsite 恢复/);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('会恢复什么').waitFor();
  await dialog.locator('.facts').waitFor();
  for (const mark of ['会被放到一旁', '--snapshot snap_']) {
    await tabTo(page, /^下一步$/);
    await page.keyboard.press('Enter');
    await dialog.getByText(mark).waitFor();
  }
  await picture(page, 'backup-restore-guide');
  expect(await sidewaysPx(page)).toBe(0);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(() => focusedLabel(page)).toBe(opener);
});

test.each([
  ['zh', 'light'],
  ['en', 'dark'],
])('in %s and %s everything fits on a phone, and nothing is cut off', async (language, theme) => {
  await setPreferences(language, theme);
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    await page.locator('[data-repository="offsite"]').waitFor();
    await page.locator('[data-snapshot]').first().waitFor();
    await expect.poll(() => page.locator('.ant-skeleton').count(), { timeout: PATIENCE_MS }).toBe(0);
    await picture(page, `backup-${size === PHONE ? 'phone' : 'desktop'}-${language}`);
    expect(await sidewaysPx(page)).toBe(0);
    expect(await cutOffTexts(page)).toEqual([]);
  }
});

async function untilIndexed(): Promise<void> {
  await until(async () => {
    const { data } = await stage.service.json<{ data: { file_counts: Record<string, number> }[] }>(
      'GET',
      '/v1/vector_stores',
    );
    const counts = data[0]?.file_counts ?? {};
    return (counts.total ?? 0) > 0 && counts.completed === counts.total;
  }, 120_000);
}

async function setPreferences(language: string | null, theme: string | null): Promise<void> {
  await page.evaluate(
    `for (const [name, value] of ${JSON.stringify([
      ['language', language],
      ['theme', theme],
    ])}) {
      if (value === null) localStorage.removeItem('budao:' + name);
      else localStorage.setItem('budao:' + name, JSON.stringify(value));
    }`,
  );
  await page.reload();
}
