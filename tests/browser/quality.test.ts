/** The room Quality: golden sets, their questions, evaluations and their course. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DESKTOP, PATIENCE_MS, PHONE, picture } from './browser.ts';
import { cutOffTexts, sidewaysPx } from './page-checks.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await Stage.set({ sample: true });
  await stage.untilSampleIsReady();
  page = await stage.signedInPage();
}, 180_000);
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await page.setViewportSize(DESKTOP);
  await page.goto(`${stage.service.url}/#/quality`);
  await page.getByRole('heading', { name: '质量', level: 1 }).waitFor();
});

test('the sample is evaluated twice, one becomes the baseline, and the two are compared', async () => {
  await page.getByRole('link', { name: 'sample' }).click();
  const results = page.locator('[data-evaluation]');
  for (const count of [1, 2]) {
    await page.getByRole('button', { name: '开始评测' }).click();
    await expect.poll(() => results.count(), { timeout: 2 * PATIENCE_MS }).toBe(count);
    if (count === 1) await page.getByRole('button', { name: /设为基线|将 .* 设为基线/u }).click();
    await results.locator('.is-good', { hasText: '基线' }).waitFor();
  }
  await results.first().locator('.state', { hasText: '通过' }).waitFor();
  for (const at of [0, 1]) await results.nth(at).getByRole('checkbox').check();
  await page.getByRole('button', { name: '比较所选两次' }).click();
  await page.locator('.card [data-check="ranks"]', { hasText: '没有变差' }).waitFor();
  await page.locator('.trend').waitFor();
  await picture(page, 'quality-compared');
  await results.first().getByRole('button', { name: /^查看/u }).click();
  await page.locator('.ant-drawer [data-check="answers"]').waitFor();
  await picture(page, 'quality-evaluation');
}, 180_000);

test('broken lines are all named and nothing is taken, good ones are; drafts wait for approval', async () => {
  await page.getByRole('button', { name: '新建问题集' }).click();
  await page.getByRole('dialog').getByLabel('名称').fill('休假');
  await page.getByRole('dialog').getByRole('button', { name: '保存' }).click();
  await page.getByRole('heading', { name: '休假', level: 1 }).waitFor();
  await page.getByRole('tab', { name: /^问题/u }).click();
  const lines = (text: string) => ({ name: 'g.jsonl', mimeType: 'text/plain', buffer: Buffer.from(text) });
  const good = '{"id": "a", "question": "婚假多少天？", "facts": [["13天"]]}';
  await page.locator('input[type="file"]').setInputFiles(lines(`${good}\nbroken\n{"id": "b"}\n`));
  await page.locator('.broken-lines', { hasText: 'Line 2:' }).waitFor();
  expect(await page.locator('.broken-lines').textContent()).toContain('Line 3:');
  expect(await page.locator('[data-question]').count()).toBe(0);
  await picture(page, 'quality-broken-lines');
  await page.locator('input[type="file"]').setInputFiles(lines(good));
  await page.locator('[data-question]', { hasText: '婚假多少天？' }).waitFor();

  await page.getByRole('button', { name: '从文档起草' }).click();
  await expect.poll(() => page.locator('[data-question]').count(), { timeout: 2 * PATIENCE_MS }).toBe(21);
  const draft = page.locator('[data-question]', { hasText: '草稿' }).first();
  const id = await draft.getAttribute('data-question');
  await draft.getByRole('button', { name: /^批准/u }).click();
  await expect
    .poll(() => page.locator(`[data-question="${id}"]`, { hasText: '草稿' }).count(), {
      timeout: PATIENCE_MS,
    })
    .toBe(0);
  await page.getByRole('button', { name: '编辑“婚假多少天？”' }).click();
  await page.getByRole('dialog').getByLabel('必需的事实').fill('13天 | 十三天');
  await picture(page, 'quality-question-form');
  await page.getByRole('dialog').getByRole('button', { name: '保存' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}, 120_000);

test.each(['zh', 'en'])(
  'in %s everything fits on a phone and a desktop, and nothing is cut off',
  async (language) => {
    await page.evaluate(
      `localStorage.setItem('budao:language', ${JSON.stringify(JSON.stringify(language))})`,
    );
    const { data } = await stage.service.json<{ data: { id: string; name: string }[] }>(
      'GET',
      '/ops/golden-sets',
    );
    const sample = data.find(({ name }) => name === 'sample');
    for (const size of [PHONE, DESKTOP]) {
      await page.setViewportSize(size);
      for (const place of ['quality', `quality/${sample?.id}`]) {
        await page.goto(`${stage.service.url}/#/${place}`);
        await page.reload();
        await page
          .locator(place === 'quality' ? '[data-set]' : '[data-evaluation]')
          .first()
          .waitFor();
        await picture(
          page,
          `quality-${place === 'quality' ? 'sets' : 'results'}-${size === PHONE ? 'phone' : 'desktop'}-${language}`,
        );
        expect(await sidewaysPx(page)).toBe(0);
        expect(await cutOffTexts(page)).toEqual([]);
      }
    }
    await page.evaluate(`localStorage.removeItem('budao:language')`);
    await page.reload();
  },
  120_000,
);

test('a turn of a conversation becomes a draft by its button', async () => {
  await page.goto(`${stage.service.url}/#/chat`);
  await page.getByRole('textbox').first().fill('婚假多少天？');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: '设为黄金问题' }).first().click();
  await page.getByRole('menuitem', { name: 'sample' }).click();
  await page.getByText('已添加为草稿').waitFor();
  const { data } = await stage.service.json<{ data: { drafts: number; name: string }[] }>(
    'GET',
    '/ops/golden-sets',
  );
  expect(data.find(({ name }) => name === 'sample')?.drafts).toBe(1);
}, 60_000);
