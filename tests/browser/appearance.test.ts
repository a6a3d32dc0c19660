import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { PHONE, picture, TABLET } from './browser.ts';
import { cutOffTexts, focusedLabel, sidewaysPx, tabTo } from './page-checks.ts';
import { answerText, ask, lastAnswer, Stage, untilAnswered } from './stage.ts';

const QUESTION = '员工依法登记结婚的，享受婚假多少天？';

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await Stage.set({ sample: true });
  await stage.untilSampleIsReady();
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async () => {
  page = await stage.signedInPage();
});
afterEach(async () => {
  await page.evaluate("['language', 'theme'].forEach((name) => localStorage.removeItem(`budao:${name}`))");
  await page.close();
});

test('the language is switched at once and remembered, also for dates and explanations', async () => {
  await ask(page, QUESTION);
  await untilAnswered(page);
  await chooseFromAccount('English');
  await page.getByRole('button', { name: 'New chat' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'New chat' }).waitFor();
  await lastAnswer(page).getByRole('button', { name: 'How it was answered: Extracts' }).waitFor();
  await picture(page, 'english-chat');
  await page.locator('.sidebar-rooms').getByText('Knowledge').click();
  await page.locator('.base-card').click();
  await page.locator('.status-ready').first().waitFor();
  await picture(page, 'english-knowledge');
  expect(chineseIn(await page.locator('.page thead, .upload-zone, [role="tablist"]').allTextContents())).toBe(
    '',
  );
  expect(chineseIn(await page.locator('.sidebar-rooms, .sidebar-actions').allTextContents())).toBe('');
});

test('dark is dark, stays so after a reload, and text stays readable', async () => {
  await ask(page, QUESTION);
  await untilAnswered(page);
  await chooseFromAccount('深色');
  await page.reload();
  await lastAnswer(page).locator('button.mark').first().click();
  await page.locator('.passage-mark').waitFor();
  expect(await contrast('.answer .prose p')).toBeGreaterThan(7);
  expect(await contrast('.passage-mark')).toBeGreaterThan(4.5);
  expect(await contrast('.document-body')).toBeGreaterThan(4.5);
  await picture(page, 'dark-chat');
  await page.getByRole('link', { name: '知识库' }).first().click();
  await page.locator('.base-card').click();
  await page.locator('.status-ready').first().waitFor();
  await picture(page, 'dark-knowledge');
  await page.setViewportSize(PHONE);
  await picture(page, 'dark-phone-knowledge');
});

test('on a phone every room fits without scrolling sideways, and a citation opens over the answer', async () => {
  await page.setViewportSize(PHONE);
  await picture(page, 'phone-welcome');
  expect(await sidewaysPx(page)).toBe(0);
  await ask(page, QUESTION);
  await untilAnswered(page);
  expect(await sidewaysPx(page)).toBe(0);
  await picture(page, 'phone-chat');
  await lastAnswer(page).locator('button.mark').first().click();
  await page.locator('.passage-mark').waitFor();
  await picture(page, 'phone-passage');
  await page.getByRole('button', { name: '关闭' }).click();
  for (const room of ['知识库', '管理']) {
    await page.getByRole('button', { name: '菜单' }).click();
    await page.getByRole('link', { name: room }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await sidewaysPx(page)).toBe(0);
    expect(await cutOffTexts(page)).toEqual([]);
    await picture(page, room === '管理' ? 'phone-administration' : 'phone-bases');
    if (room === '管理') continue;
    await page.locator('.base-card').click();
    await page.locator('.status-ready').first().waitFor();
    expect(await sidewaysPx(page)).toBe(0);
    await picture(page, 'phone-knowledge');
  }
});

test('on a tablet the menu of a document is within reach', async () => {
  await page.setViewportSize(TABLET);
  await page.getByRole('link', { name: '知识库' }).first().click();
  await page.locator('.base-card').click();
  await page.locator('.status-ready').first().waitFor();
  const menu = await page.locator('.data-table .document-menu button').first().boundingBox();
  expect((menu?.x ?? TABLET.width) + (menu?.width ?? 0)).toBeLessThan(TABLET.width);
  expect(await sidewaysPx(page)).toBe(0);
  await picture(page, 'tablet-knowledge');
});

test('a question is asked and its source read with the keyboard alone', async () => {
  await expect.poll(() => focusedLabel(page)).toBe('问题');
  await page.keyboard.type(QUESTION);
  await page.keyboard.press('Enter');
  await page.locator('.question', { hasText: QUESTION }).waitFor();
  await untilAnswered(page);
  expect(await focusedLabel(page)).toBe('问题');
  const reached = await tabTo(page, /^查看出处 1/, 'Shift+Tab');
  await picture(page, 'keyboard-focus');
  await page.keyboard.press('Enter');
  await page.locator('.passage-mark').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.passage').waitFor({ state: 'detached' });
  await expect.poll(() => focusedLabel(page)).toBe(reached);
});

test('Enter that chooses a character of an input method sends nothing', async () => {
  const field = page.getByRole('textbox', { name: '问题' });
  await field.focus();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Input.imeSetComposition', { text: 'hunjia', selectionStart: 6, selectionEnd: 6 });
  // The input method takes the key for itself, and says so by this code.
  const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 };
  await devtools.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...enter });
  await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...enter });
  expect(await page.locator('.question').count()).toBe(0);
  await devtools.send('Input.insertText', { text: '婚假' });
  expect(await field.inputValue()).toBe('婚假');
  await field.pressSequentially('有几天？');
  await page.keyboard.press('Enter');
  await page.locator('.question', { hasText: '婚假有几天？' }).waitFor();
  await untilAnswered(page);
  expect(await answerText(page)).not.toBe('');
});

async function chooseFromAccount(entry: string): Promise<void> {
  await page.locator('.account-button').click();
  await page.getByRole('menuitem', { name: entry, exact: true }).click();
}

function chineseIn(texts: readonly string[]): string {
  return texts.join('').replaceAll(/[^\p{Script=Han}]/gu, '');
}

/** WCAG's contrast ratio of an element's text with what lies behind it. */
function contrast(selector: string): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const paint = (colour) => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); };
    const luminance = () => {
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
        .map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const element = document.querySelector(${JSON.stringify(selector)});
    const behind = [];
    for (let at = element; at !== null; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    paint('white');
    behind.forEach(paint);
    const background = luminance();
    paint(getComputedStyle(element).color);
    const text = luminance();
    return (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05);
  })()`);
}
