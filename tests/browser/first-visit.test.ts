import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/service.ts';
import { PATIENCE_MS, picture } from './browser.ts';
import {
  answerText,
  ask,
  isInView,
  lastAnswer,
  NEW_PASSWORD,
  Stage,
  signIn,
  untilAnswered,
} from './stage.ts';

const CANTEEN = `# 食堂管理规定\n\n第一条 职工食堂早餐供应时间为6:30至8:15。\n\n第二条 夜班职工凭工牌每班可领取18元夜餐补贴。\n`;
const SAMPLE_DOCUMENTS = 16;

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await Stage.set({ sample: true });
  page = await stage.newPage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('the printed password signs in once, and is replaced by one of the person’s own', async () => {
  await page.getByLabel('用户名').waitFor();
  await picture(page, 'sign-in');
  const given = await stage.firstSignIn();
  await signIn(page, { ...given, password: 'not the password' });
  await page.getByText('用户名或密码不对').waitFor();
  await signIn(page, given);
  await page.getByText('请设置自己的密码').waitFor();
  await picture(page, 'first-password');
  await page.getByLabel('当前密码').fill(given.password);
  await page.getByLabel('新密码').fill(NEW_PASSWORD);
  await page.getByRole('button', { name: '修改', exact: true }).click();
  await page.getByText('密码已修改').waitFor();

  await page.getByRole('button', { name: /账户菜单/ }).click();
  await page.getByRole('menuitem', { name: '退出登录' }).click();
  await page.getByLabel('用户名').waitFor();
  await signIn(page, given);
  await page.getByText('用户名或密码不对').waitFor();
  await signIn(page, { username: given.username, password: NEW_PASSWORD });
  await page.getByText('想了解什么？').waitFor();
  await page.locator('.suggestions button').first().waitFor();
  await picture(page, 'welcome');
});

test('the sample’s documents are ready to be asked, and retrieval can be tried', async () => {
  await openSample();
  await expect
    .poll(() => page.locator('.status-ready').count(), { timeout: PATIENCE_MS })
    .toBe(SAMPLE_DOCUMENTS);
  await page.getByText('密码已修改').waitFor({ state: 'detached' });
  await picture(page, 'knowledge');
  await page.getByRole('button', { name: '员工休假管理办法（2026版）.md', exact: true }).click();
  await page.locator('.chunks li', { hasText: '享受婚假13天' }).waitFor();
  await picture(page, 'chunks');
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: '试检索' }).click();
  await page.getByPlaceholder('输入问题或关键词').fill('登记结婚享受婚假');
  await page.keyboard.press('Enter');
  await page.locator('.results li mark').first().waitFor();
  await picture(page, 'retrieval');
});

test('a document that is chosen or dropped becomes ready by itself; one that cannot be read says why', async () => {
  await openSample();
  await page
    .getByTestId('file-picker')
    .setInputFiles({ name: '食堂管理规定.md', mimeType: 'text/markdown', buffer: Buffer.from(CANTEEN) });
  await rowOf('食堂管理规定.md').getByText('可用').waitFor();
  await drop([
    { name: '停车须知.txt', text: '访客停车前30分钟免费，之后每小时收费4元。' },
    { name: '空白.txt', text: '' },
  ]);
  await rowOf('停车须知.txt').getByText('可用').waitFor();
  await page.getByText('文档里没有文字。').first().waitFor();
  await picture(page, 'uploaded');
});

test('an uploaded document answers at once, and its citation opens the passage, marked', async () => {
  await page.getByRole('button', { name: '新对话' }).click();
  await ask(page, '夜班职工每班可以领取多少夜餐补贴？');
  await untilAnswered(page);
  expect(await answerText(page)).toContain('18元');
  await lastAnswer(page).locator('button.mark', { hasText: '1' }).first().click();
  const mark = page.locator('.passage-mark');
  await mark.waitFor();
  expect(await mark.textContent()).toContain('夜班职工凭工牌每班可领取18元夜餐补贴');
  expect(await page.locator('.passage h2').textContent()).toContain('食堂管理规定.md');
  expect(await isInView(page.locator('.passage-mark'))).toBe(true);
});

test('a passage far down in a long document is scrolled to', async () => {
  await page.getByRole('button', { name: '新对话' }).click();
  await ask(page, '员工依法登记结婚的，享受婚假多少天？');
  await untilAnswered(page);
  expect(await answerText(page)).toContain('婚假13天');
  await lastAnswer(page).locator('button.mark').first().click();
  await page.locator('.passage-mark', { hasText: '享受婚假13天' }).waitFor();
  expect(await isInView(page.locator('.passage-mark'))).toBe(true);
  expect(await page.locator('.document-text').evaluate((box) => box.scrollTop)).toBeGreaterThan(0);
  await picture(page, 'cited-answer');
});

test('what the documents do not say is declined, without a citation', async () => {
  await page.getByRole('button', { name: '新对话' }).click();
  await ask(page, '火星上的望远镜每天拍摄几张照片？');
  await untilAnswered(page);
  expect(await lastAnswer(page).locator('button.mark').count()).toBe(0);
  await picture(page, 'declined');
});

test('the original comes back from the console byte by byte', async () => {
  await openSample();
  const name = '员工休假管理办法（2026版）.md';
  await rowOf(name)
    .getByRole('button', { name: /的操作/ })
    .click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: '下载原文件' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(name);
  const original = await readFile(join(ROOT, 'samples/hospital', name));
  expect((await readFile(await download.path())).equals(original)).toBe(true);
});

test('a document that has left the knowledge base is no longer cited, and earlier answers keep its words', async () => {
  await openSample();
  await rowOf('食堂管理规定.md')
    .getByRole('button', { name: /的操作/ })
    .click();
  await page.getByRole('menuitem', { name: '移出知识库' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '移出' }).click();
  await rowOf('食堂管理规定.md').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: '夜班职工每班可以领取多少夜餐补贴？' }).click();
  await lastAnswer(page).locator('button.mark').first().click();
  await page.getByText('这份文档已不在知识库中').waitFor();
  expect(await page.locator('.passage blockquote').textContent()).toContain('18元');
  await page.getByRole('button', { name: '重新生成' }).click();
  await expect.poll(() => answerText(page), { timeout: PATIENCE_MS }).not.toContain('18元');
});

test('an original that no knowledge base holds any more is found, and deleted for good', async () => {
  await page.getByRole('link', { name: '知识库' }).first().click();
  await page.getByRole('link', { name: '原文件' }).click();
  const inUse = page.locator('tbody tr', { hasText: '账号与密码管理规定.html' });
  await inUse.getByRole('button', { name: /^彻底删除/ }).click();
  await page.getByRole('dialog').getByText('正用于：示例：东岚市第一人民医院员工手册').waitFor();
  await picture(page, 'delete-original');
  await page.keyboard.press('Escape');
  await page.getByRole('checkbox', { name: '只看未使用的' }).click();
  const unused = page.locator('tbody tr', { hasText: '食堂管理规定.md' });
  await picture(page, 'originals');
  await unused.getByRole('button', { name: /^彻底删除/ }).click();
  await page.getByRole('dialog').getByText('没有知识库在使用').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: '彻底删除' }).click();
  await unused.waitFor({ state: 'detached' });
  expect(await inUse.count()).toBe(0);
});

test('a reader who was added by the owner asks, but changes no documents', async () => {
  await page.getByRole('link', { name: '管理' }).click();
  await page.getByRole('button', { name: '添加人员' }).click();
  await page.getByRole('dialog').getByLabel('用户名').fill('wang.min');
  await page.getByRole('dialog').getByRole('button', { name: '添加人员' }).click();
  const password = await page.locator('.secret input').inputValue();
  await page.getByRole('button', { name: '已保存好' }).click();
  await page.getByRole('button', { name: /账户菜单/ }).click();
  await page.getByRole('menuitem', { name: '退出登录' }).click();
  await signIn(page, { username: 'wang.min', password });
  await page.getByRole('button', { name: '以后再说' }).click();
  await ask(page, '员工依法登记结婚的，享受婚假多少天？');
  await untilAnswered(page);
  expect(await answerText(page)).toContain('13天');
  expect(await page.getByRole('link', { name: '管理' }).count()).toBe(0);
  expect(await page.getByRole('link', { name: /夜餐补贴/ }).count()).toBe(0);
  await openSample();
  expect(await page.locator('.upload-zone').count()).toBe(0);
});

async function openSample(): Promise<void> {
  await page.getByRole('link', { name: '知识库' }).first().click();
  await page.locator('.base-card').first().click();
  await page.getByRole('tab', { name: '文档' }).click();
  await page.locator('.data-table').waitFor();
}

function rowOf(filename: string) {
  return page.locator('.data-table tbody tr', { hasText: filename });
}

/** As from a file manager. */
async function drop(files: { name: string; text: string }[]): Promise<void> {
  const transfer = await page.evaluateHandle(`(() => {
    const carried = new DataTransfer();
    for (const { name, text } of ${JSON.stringify(files)}) carried.items.add(new File([text], name));
    return carried;
  })()`);
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.locator('.upload-zone').dispatchEvent(type, { dataTransfer: transfer });
  }
}
