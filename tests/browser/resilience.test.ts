/** The room Resilience before a service whose processes die, whose breakers are set, and whose alerts go out. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DESKTOP, PATIENCE_MS, PHONE, picture } from './browser.ts';
import { cutOffTexts, focusedLabel, sidewaysPx, tabTo } from './page-checks.ts';
import { Receiver } from './receiver.ts';
import { Stage } from './stage.ts';

const TABS = ['nodes', 'runs', 'modes', 'signals', 'alerts', 'backup'] as const;
const MODEL = '[data-dependency="model:storyteller"]';

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await Stage.set({ sample: false, upstream: { tokens: 5 } });
  await stage.service.untilBothWorkers();
  page = await stage.signedInPage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await page.setViewportSize(DESKTOP);
  await page.goto(`${stage.service.url}/#/resilience`);
  await setPreferences(null, null);
  await page.getByRole('heading', { name: '韧性', level: 1 }).waitFor();
});

test('a model that is switched off by hand is shown so, and how questions are answered meanwhile', async () => {
  await openTab('模式与依赖');
  await page.locator(`${MODEL} .state`, { hasText: '正常' }).waitFor();
  await force('手动停用', '供应商维护到 18:00');
  await page.locator(`${MODEL} .state`, { hasText: '已停用' }).waitFor();
  await page.locator(MODEL).getByText('供应商维护到 18:00').waitFor();
  await page.locator('[data-current-mode="extractive"]').waitFor();
  await page.locator('.summary-card', { hasText: '摘录' }).waitFor();
  await picture(page, 'resilience-switched-off');
  await force('自动', null);
  await page.locator(`${MODEL} .state`, { hasText: '正常' }).waitFor();
  await page.locator('[data-current-mode="full"]').waitFor();
  await page.getByText('手动设置记录').click();
  await page.locator('.more li', { hasText: '供应商维护到 18:00' }).waitFor();
});

test('a channel is added and tried: the message arrives, signed, and a refusal says why', async () => {
  await using receiver = await Receiver.start();
  await openTab('告警');
  await page.getByRole('button', { name: '添加通道' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: '类型' }).press('Enter');
  await page.locator('.ant-select-item-option', { hasText: 'Webhook' }).click();
  await dialog.getByLabel('名称').fill('信息科值班');
  await dialog.getByLabel('地址').fill(`${receiver.url}/alerts`);
  await dialog.getByLabel('签名密钥').fill(receiver.secret);
  await picture(page, 'resilience-channel-form');
  await dialog.getByRole('button', { name: '保存' }).click();
  await page.getByRole('button', { name: '测试通道“信息科值班”' }).click();
  await page.locator('[data-channel] .is-good', { hasText: '测试消息已送达' }).waitFor();
  expect(receiver.messages).toHaveLength(1);
  expect(receiver.messages[0]).toMatchObject({ path: '/alerts', isSigned: true });
  expect(receiver.messages[0]?.body).toContain('测试');
  await picture(page, 'resilience-channel-tested');

  receiver.status = 403;
  await page.getByRole('button', { name: '测试通道“信息科值班”' }).click();
  await page.locator('[data-channel] .is-bad', { hasText: '接收方拒绝了这条消息' }).waitFor();
  await page.getByText('发送记录').click();
  await page.locator('.more li', { hasText: '未送达' }).waitFor();
  await picture(page, 'resilience-channel-refused');
  await page.getByRole('button', { name: '删除通道“信息科值班”' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '删除' }).click();
  await page.getByText('还没有通道').waitFor();
});

test.each([
  ['zh', 'light'],
  ['en', 'dark'],
])('in %s and %s everything fits on a phone, and nothing is cut off', async (language, theme) => {
  await setPreferences(language, theme);
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    for (const tab of TABS) {
      await page.goto(`${stage.service.url}/#/resilience/${tab}`);
      await page.locator(`[role="tabpanel"][id$="-panel-${tab}"]`).waitFor();
      await expect.poll(() => page.locator('.ant-skeleton').count(), { timeout: PATIENCE_MS }).toBe(0);
      await picture(page, `resilience-${tab}-${size === PHONE ? 'phone' : 'desktop'}-${language}`);
      expect(await sidewaysPx(page)).toBe(0);
      expect(await cutOffTexts(page)).toEqual([]);
    }
  }
});

test('the room is walked through with the keyboard alone, and a dialog gives the focus back', async () => {
  await page.locator('#main').focus();
  await tabTo(page, /节点$/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.locator('[role="tab"][aria-selected="true"]', { hasText: '模式与依赖' }).waitFor();
  await page.locator(MODEL).waitFor();
  const opener = await tabTo(page, /^手动设置“storyteller”$/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo(page, /手动停用/);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect.poll(() => focusedLabel(page)).toBe(opener);
});

test('a worker that is killed leaves the room and another one comes, without a reload', async () => {
  await page.evaluate('window.stayed = true');
  await expect.poll(readyWorkers, { timeout: PATIENCE_MS }).toHaveLength(2);
  const pid = stage.service.kill('worker');
  await expect.poll(readyWorkers, { timeout: 2 * PATIENCE_MS }).not.toContain(pid);
  await expect.poll(readyWorkers, { timeout: 2 * PATIENCE_MS }).toHaveLength(2);
  expect(await page.evaluate('window.stayed')).toBe(true);
  await picture(page, 'resilience-nodes');
});

test('while the service is away the room says since when its picture is old, and goes on by itself', async () => {
  await page.locator('.live-mark').waitFor();
  await stage.service.killAll();
  await page.locator('.stale-mark').waitFor();
  expect(await page.locator('.live-mark').count()).toBe(0);
  expect(await page.locator('[data-process]').count()).toBeGreaterThan(0);
  await picture(page, 'resilience-stale');
  await stage.service.start();
  await page.locator('.live-mark').waitFor({ timeout: 2 * PATIENCE_MS });
  expect(await page.locator('.stale-mark').count()).toBe(0);
  await stage.service.untilBothWorkers();
});

async function readyWorkers(): Promise<number[]> {
  const rows = page.locator('[data-role="worker"]', { hasText: '就绪' });
  return (await rows.locator('th .muted').allTextContents()).map(Number);
}

async function openTab(label: string): Promise<void> {
  await page.getByRole('tab', { name: label, exact: true }).click();
}

async function force(choice: string, note: string | null): Promise<void> {
  await page.getByRole('button', { name: '手动设置“storyteller”' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: choice }).click();
  if (note !== null) {
    await dialog.getByLabel('原因').fill(note);
    await dialog.getByRole('checkbox', { name: /我知道/ }).click();
  }
  await dialog.getByRole('button', { name: '对所有进程生效' }).click();
  await dialog.waitFor({ state: 'detached' });
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
