import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { PATIENCE_MS, picture } from './browser.ts';
import { answerText, ask, Stage, untilAnswered } from './stage.ts';
import { firstStepBack, seenAnswer, watchAnswer } from './watch-answer.ts';

const TOKENS = 160;
const WHOLE = Array.from({ length: TOKENS }, (_, index) => `t${index + 1}`).join(' ');

let stage: Stage;
let page: Page;
/** An answer ends when its end is waited for, and so is still growing when something breaks. */
let mayEnd = false;
beforeAll(async () => {
  const behaviour = { mayEnd: () => mayEnd };
  stage = await Stage.set({ sample: false, upstream: { tokens: TOKENS, tokensPerSecond: 40, behaviour } });
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async () => {
  mayEnd = false;
  page = await stage.signedInPage();
});
afterEach(() => page.close());

test('a reload in mid-answer shows the same answer, still growing to its exact end', async () => {
  await ask(page, '重新载入时会怎样？');
  const before = await untilGrown(20);
  await page.reload();
  await watchAnswer(page);
  const after = await untilGrown(before.length);
  expect(after.startsWith(before)).toBe(true);
  expect(after).not.toBe(WHOLE);
  await untilWhole();
  const seen = await seenAnswer(page);
  expect(firstStepBack(seen.texts, WHOLE)).toBeNull();
  expect(seen.texts[0]?.length).toBeGreaterThanOrEqual(before.length);
  expect(seen.troubles).toEqual([]);
});

test('leaving for another conversation and coming back finds the answer further on, and then whole', async () => {
  await ask(page, '离开再回来会怎样？');
  const before = await untilGrown(20);
  await page.getByRole('button', { name: '新对话' }).click();
  await page.getByText('想了解什么？').waitFor();
  await page.getByRole('link', { name: '离开再回来会怎样？' }).click();
  const after = await untilGrown(before.length);
  expect(after.startsWith(before)).toBe(true);
  await untilWhole();
});

test('a second window shows the same answer growing as the first one does', async () => {
  await ask(page, '两个窗口会怎样？');
  await untilGrown(20);
  const other = await stage.browser.context.newPage();
  await other.goto(page.url());
  await expect.poll(() => answerText(other), { timeout: PATIENCE_MS }).toMatch(/^t1 t2 /);
  mayEnd = true;
  await expect.poll(() => answerText(other), { timeout: PATIENCE_MS }).toBe(WHOLE);
  await untilWhole();
  await other.close();
});

test('the worker is killed in mid-answer: the text goes on, and nothing looks like trouble', async () => {
  await ask(page, '回答的进程被杀会怎样？');
  await watchAnswer(page);
  await untilGrown(20);
  const killedPid = await killWriter();
  await untilWhole();
  const seen = await seenAnswer(page);
  expect(firstStepBack(seen.texts, WHOLE)).toBeNull();
  expect(seen.troubles).toEqual([]);
  expect(stage.service.processes('worker').map(({ pid }) => pid)).not.toContain(killedPid);
});

test('the API process is killed in mid-answer: the page reconnects, and the text is exact', async () => {
  await ask(page, '接口的进程被杀会怎样？');
  await watchAnswer(page);
  await untilGrown(20);
  stage.service.kill('api');
  await untilWhole();
  await untilAnswered(page);
  const seen = await seenAnswer(page);
  expect(firstStepBack(seen.texts, WHOLE)).toBeNull();
  expect(await page.locator('.reconnecting, .banner, [role="alert"]').count()).toBe(0);
  await picture(page, 'after-api-kill');
});

test('a question that is asked while the API is away is answered once it is back, and asked once', async () => {
  stage.service.kill('api');
  await ask(page, '服务不在时提问会怎样？');
  await untilWhole();
  expect(await page.locator('.turn').count()).toBe(1);
  await page.reload();
  await untilWhole();
  expect(await page.locator('.turn').count()).toBe(1);
  expect(await page.getByRole('link', { name: '服务不在时提问会怎样？' }).count()).toBe(1);
});

test('everything is killed and started again in mid-answer: the page comes back to the same answer', async () => {
  await ask(page, '整台机器断电会怎样？');
  await watchAnswer(page);
  await untilGrown(20);
  await stage.service.killAll();
  await page.locator('.banner, .reconnecting').first().waitFor();
  await picture(page, 'service-away');
  await stage.service.start();
  await untilWhole();
  expect(firstStepBack((await seenAnswer(page)).texts, WHOLE)).toBeNull();
  await page.locator('.banner, .reconnecting').first().waitFor({ state: 'detached' });
});

/** The visible text once it is longer than `length` characters. */
async function untilGrown(length: number): Promise<string> {
  let text = '';
  await until(async () => {
    text = await answerText(page);
    return text.length > length;
  }, PATIENCE_MS);
  return text;
}

async function untilWhole(): Promise<void> {
  mayEnd = true;
  await expect.poll(() => answerText(page), { timeout: 2 * PATIENCE_MS }).toBe(WHOLE);
  await untilAnswered(page);
  expect(await answerText(page)).toBe(WHOLE);
}

async function killWriter(): Promise<number> {
  const { processes } = await stage.service.json<{
    processes: { pid: number; role: string; runs: string[] }[];
  }>('GET', '/ops/status');
  const writer = processes.find(({ role, runs }) => role === 'worker' && runs.length > 0);
  if (writer === undefined) throw new Error('no worker holds a run');
  process.kill(writer.pid, 'SIGKILL');
  return writer.pid;
}
