/** What a reader and an operator see of each mode, while the real thing is broken and after it is mended. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModesStage } from '../support/modes-stage.ts';
import { until } from '../support/until.ts';
import { PATIENCE_MS, picture } from './browser.ts';
import { ask, lastAnswer, Stage, untilAnswered } from './stage.ts';

const QUESTION = '员工的年假有几天？';
const WITHOUT_QUOTATIONS = ['fallback-model', 'keyword-only', 'no-knowledge'];

let world: ModesStage;
let stage: Stage;
let page: Page;
/** The room Resilience, open all the while. */
let room: Page;
beforeAll(async () => {
  world = await ModesStage.start();
  stage = await Stage.before(world.service);
  page = await stage.signedInPage();
  room = await stage.browser.context.newPage();
  await room.goto(`${world.service.url}/#/resilience/modes`);
  await room.locator('[data-current-mode="full"]').waitFor();
}, 120_000);
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** Each break, and how it is mended. */
const BREAKS: [mode: string, label: string, cut: () => Promise<() => Promise<void>>][] = [
  [
    'fallback-model',
    '备用模型',
    async () => {
      await world.first.kill();
      return () => world.first.heal();
    },
  ],
  [
    'keyword-only',
    '关键词检索',
    async () => {
      await world.embedder.kill();
      return () => world.embedder.heal();
    },
  ],
  ['no-knowledge', '未查文档', () => world.moveAway('index')],
  [
    'extractive',
    '摘录',
    async () => {
      await world.first.kill();
      await world.second.kill();
      return healModels;
    },
  ],
];

async function healModels(): Promise<void> {
  await world.first.heal();
  await world.second.heal();
}

/**
 * The room shows that every worker sees it so. A breaker opens after some failures in a row, and closes after one good
 * call: people go on asking meanwhile.
 */
async function untilRoomShows(mode: string): Promise<void> {
  await until(
    async () => {
      const shown = room.locator('[data-current-mode]');
      const modes = await shown.evaluateAll((all) => all.map((one) => one.getAttribute('data-current-mode')));
      if (modes.join() === mode) return true;
      await world.ask();
      return false;
    },
    2 * PATIENCE_MS,
    () => `the room never showed the mode ${mode}`,
  );
}

async function badgeOfNextAnswer(): Promise<string> {
  await ask(page, QUESTION);
  await untilAnswered(page);
  return ((await lastAnswer(page).locator('.mode').textContent()) ?? '').trim();
}

test.each(BREAKS)(
  '%s has its badge while it lasts, with an explanation, and goes when all is well',
  async (mode, label, cut) => {
    expect(await badgeOfNextAnswer()).toBe('完整');
    const mend = await cut();
    expect(await badgeOfNextAnswer()).toBe(label);
    await lastAnswer(page).locator('.mode').click();
    await page.locator('.mode-text').last().getByText('原因').waitFor();
    await picture(page, `mode-${mode}`);
    await page.keyboard.press('Escape');
    await untilRoomShows(mode);
    await picture(room, `room-${mode}`);
    await mend();
    await untilRoomShows('full');
    await world.untilMode('full');
    expect(await badgeOfNextAnswer()).toBe('完整');
  },
);

test('a deferred question says why it waits, also after a reload, and its answer appears by itself', async () => {
  await world.allow(WITHOUT_QUOTATIONS);
  await world.first.kill();
  await world.second.kill();
  await ask(page, QUESTION);
  const waiting = lastAnswer(page).locator('.deferral');
  await waiting.getByRole('button', { name: '回答方式：稍后回答' }).waitFor();
  expect(await waiting.textContent()).toContain('连不上模型服务');
  await picture(page, 'mode-deferred');
  await page.reload();
  await waiting.waitFor();
  await untilRoomShows('deferred');
  await picture(room, 'room-deferred');
  await world.first.heal();
  await untilAnswered(page);
  await until(async () => ((await lastAnswer(page).locator('.mode').textContent()) ?? '').trim() === '完整');
  expect(await waiting.count()).toBe(0);
  await world.second.heal();
  await world.allow(null);
  await untilRoomShows('full');
});
