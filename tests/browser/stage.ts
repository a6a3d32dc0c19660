import type { Locator, Page } from 'playwright-core';
import { startUpstream, type Upstream, type UpstreamOptions } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { Browser, PATIENCE_MS } from './browser.ts';

export const NEW_PASSWORD = '四只猫在屋顶上看着星星';

export interface Account {
  username: string;
  password: string;
}

/** A running service and a browser in front of it. */
export class Stage implements AsyncDisposable {
  readonly service: Service;
  readonly upstream: Upstream | null;
  readonly browser: Browser;

  readonly #started: AsyncDisposableStack;

  private constructor(
    parts: { service: Service; upstream: Upstream | null; browser: Browser },
    started: AsyncDisposableStack,
  ) {
    this.service = parts.service;
    this.upstream = parts.upstream;
    this.browser = parts.browser;
    this.#started = started;
  }

  /** Without `upstream` no model is configured, and answers are extractive. */
  static async set(options: {
    sample: boolean;
    upstream?: UpstreamOptions;
    environment?: Record<string, string>;
  }): Promise<Stage> {
    await using started = new AsyncDisposableStack();
    const upstream =
      options.upstream === undefined ? null : started.use(await startUpstream(options.upstream));
    const browser = started.use(await Browser.open());
    const model =
      upstream === null ? {} : { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'storyteller' };
    const service = started.use(
      await Service.start({
        environment: { BUDAO_SAMPLE: options.sample ? '1' : '0', ...model, ...options.environment },
      }),
    );
    return new Stage({ service, upstream, browser }, started.move());
  }

  /** A browser in front of a service that somebody else has started, and ends. */
  static async before(service: Service): Promise<Stage> {
    await using started = new AsyncDisposableStack();
    const browser = started.use(await Browser.open());
    return new Stage({ service, upstream: null, browser }, started.move());
  }

  /** How to sign in, as the service prints it for the person who started it, some moments after it is ready. */
  async firstSignIn(): Promise<Account> {
    let account: Account | null = null;
    await until(
      () => {
        const found = /sign in\s+(\S+) \/ (\S+)\s/.exec(this.service.output);
        if (found?.[1] === undefined || found[2] === undefined) return false;
        account = { username: found[1], password: found[2] };
        return true;
      },
      PATIENCE_MS,
      () => `the service printed no first password:\n${this.service.output}`,
    );
    return account as unknown as Account;
  }

  /** The sample is loaded in the background after the start. */
  async untilSampleIsReady(): Promise<void> {
    await until(async () => {
      const { data } = await this.service.json<{
        data: { file_counts: { completed: number; total: number } }[];
      }>('GET', '/v1/vector_stores');
      const counts = data[0]?.file_counts;
      return counts !== undefined && counts.total > 0 && counts.completed === counts.total;
    });
  }

  async newPage(): Promise<Page> {
    const page = await this.browser.context.newPage();
    await page.goto(this.service.url);
    return page;
  }

  /** A page on which nothing but a new conversation is open. */
  async signedInPage(): Promise<Page> {
    const page = await this.newPage();
    const question = page.getByRole('textbox', { name: '问题' });
    const username = page.getByLabel('用户名');
    await question.or(username).waitFor();
    if (await username.isVisible()) {
      await signIn(page, await this.firstSignIn());
      await page.getByRole('button', { name: '以后再说' }).click();
    }
    await question.waitFor();
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.disposeAsync();
  }
}

export async function signIn(page: Page, account: Account): Promise<void> {
  await page.getByLabel('用户名').fill(account.username);
  await page.getByLabel('密码').fill(account.password);
  await page.getByRole('button', { name: '登录' }).click();
}

/** Resolves when the conversation has the question and its answer has begun or ended. */
export async function ask(page: Page, question: string): Promise<void> {
  const field = page.getByRole('textbox', { name: '问题' });
  await field.fill(question);
  await field.press('Enter');
  await page.locator('.question', { hasText: question }).last().waitFor();
}

export function lastAnswer(page: Page) {
  return page.locator('.turn').last().locator('.answer');
}

/** The text of the last answer as a reader sees it, without marks and lists of sources. */
export async function answerText(page: Page): Promise<string> {
  const prose = lastAnswer(page).locator('.prose');
  return (await prose.count()) === 0 ? '' : ((await prose.textContent()) ?? '').trim();
}

/** Until the newest question has an answer that has ended. */
export async function untilAnswered(page: Page): Promise<void> {
  await page.locator('.turn:last-child .answer[aria-busy="false"]').waitFor();
}

export async function isInView(element: Locator): Promise<boolean> {
  const [box, viewport] = [await element.boundingBox(), element.page().viewportSize()];
  return box !== null && viewport !== null && box.y + box.height > 0 && box.y < viewport.height;
}
