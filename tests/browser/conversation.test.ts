import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { PATIENCE_MS, picture } from './browser.ts';
import { answerText, ask, lastAnswer, Stage, untilAnswered } from './stage.ts';

const TOKENS = [
  '员工依法',
  '登记结婚的，',
  '享受婚假 **13 天**',
  ' [1]',
  '，',
  '应当在登记之日起 12 个月内休完 [1]。\n\n',
  '| 项目 | 天数 |\n| --- | --- |\n| 法定 | 3 |\n| 奖励 | 10 |\n\n',
  ...Array.from({ length: 60 }, (_, index) => `说明${index + 1}。`),
];
const ENDS_WITH = '说明60。';

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await Stage.set({ sample: true, upstream: { tokens: TOKENS, tokensPerSecond: 40 } });
  await stage.untilSampleIsReady();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async () => {
  page = await stage.signedInPage();
});
afterEach(() => page.close());

test('a model’s answer streams with its citations, which open once it is there', async () => {
  await ask(page, '登记结婚享受婚假多少天？');
  await lastAnswer(page).locator('.mark').first().waitFor();
  await picture(page, 'streaming');
  await untilAnswered(page);
  await lastAnswer(page).locator('button.mark').first().click();
  await page.locator('.passage-mark').waitFor();
  expect(await lastAnswer(page).locator('table tr').count()).toBe(3);
  await picture(page, 'model-answer');
});

test('stopping keeps what was written, says so, and a regenerated answer takes its place', async () => {
  await ask(page, '会停下来吗？');
  await until(async () => (await answerText(page)).includes('说明3'), PATIENCE_MS);
  await page.getByRole('button', { name: '停止' }).click();
  await lastAnswer(page).getByText('已停止').waitFor();
  const stopped = await answerText(page);
  expect(stopped).not.toContain(ENDS_WITH);
  await page.reload();
  await lastAnswer(page).getByText('已停止').waitFor();
  expect(await answerText(page)).toBe(stopped);
  await lastAnswer(page).getByRole('button', { name: '回答方式：完整' }).waitFor();
  await lastAnswer(page).locator('button.mark').first().click();
  await page.locator('.passage-mark').waitFor();
  await page.getByRole('button', { name: '关闭' }).click();
  await picture(page, 'stopped-answer');

  await page.getByRole('button', { name: '重新生成' }).click();
  await expect.poll(() => answerText(page), { timeout: PATIENCE_MS }).toContain(ENDS_WITH);
  await untilAnswered(page);
  expect(await page.locator('.answer').count()).toBe(1);
  expect(await page.locator('.question').count()).toBe(1);
  await page.reload();
  await expect.poll(() => answerText(page), { timeout: PATIENCE_MS }).toContain(ENDS_WITH);
  expect(await page.locator('.answer').count()).toBe(1);
});

test('a question that is refused for its length goes back to the field, where it can be shortened', async () => {
  const question = '太长'.repeat(30_000);
  await page.getByRole('textbox', { name: '问题' }).fill(question);
  await page.keyboard.press('Enter');
  await page.getByText('问题太长').waitFor();
  await page.getByRole('button', { name: '修改问题' }).click();
  expect(await page.getByRole('textbox', { name: '问题' }).inputValue()).toBe(question);
  expect(await page.locator('.question').count()).toBe(0);
});

test('Esc stops, and the next question is answered', async () => {
  await ask(page, '按键能停吗？');
  await until(async () => (await answerText(page)) !== '', PATIENCE_MS);
  await page.keyboard.press('Escape');
  await lastAnswer(page).getByText('已停止').waitFor();
  await ask(page, '然后呢？');
  await until(async () => (await page.locator('.answer').count()) === 2, PATIENCE_MS);
  await untilAnswered(page);
  expect(await answerText(page)).toContain(ENDS_WITH);
});

test('a conversation is renamed, found by its text, exported and deleted', async () => {
  await ask(page, '青岛出差住宿标准是多少？');
  await untilAnswered(page);
  await choose('青岛出差住宿标准是多少？', '重命名');
  await page.getByRole('textbox', { name: '重命名' }).fill('住宿标准');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: '住宿标准' }).waitFor();

  await page.getByRole('button', { name: '新对话' }).click();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('青岛出差');
  await expect
    .poll(() => page.getByRole('option').allTextContents())
    .toEqual([expect.stringMatching(/^住宿标准/)]);
  await picture(page, 'search');
  await page.getByRole('combobox').fill('会停下来');
  await page.keyboard.press('Enter');
  await page.locator('.question', { hasText: '会停下来吗？' }).waitFor();
  await page.getByRole('link', { name: '住宿标准' }).click();
  await page.locator('.question', { hasText: '青岛出差住宿标准是多少？' }).waitFor();

  const [download] = await Promise.all([page.waitForEvent('download'), choose('住宿标准', '导出 Markdown')]);
  expect(download.suggestedFilename()).toBe('住宿标准.md');
  const exported = await readFile(await download.path(), 'utf8');
  expect(exported).toContain('青岛出差住宿标准是多少？');
  expect(exported).toContain(ENDS_WITH);

  await choose('住宿标准', '删除');
  await page.getByRole('dialog').getByRole('button', { name: '删除' }).click();
  await page.getByRole('link', { name: '住宿标准' }).waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('navigation', { name: '对话' }).getByRole('link').first().waitFor();
  expect(await page.getByRole('link', { name: '住宿标准' }).count()).toBe(0);
});

test('a rating and its comment stay with the answer', async () => {
  await ask(page, '这个回答好吗？');
  await untilAnswered(page);
  await page.getByRole('button', { name: '没有帮助' }).click();
  await page.getByRole('textbox', { name: '评价' }).fill('没有说旺季');
  await picture(page, 'rating');
  await page.getByRole('button', { name: '提交' }).click();
  await page.getByText('谢谢，已记录').waitFor();
  await page.reload();
  await page.locator('[aria-label="没有帮助"][aria-pressed="true"]').waitFor();
});

async function choose(title: string, action: string): Promise<void> {
  await page.getByRole('link', { name: title }).hover();
  await page.getByRole('button', { name: `“${title}”的操作` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}
