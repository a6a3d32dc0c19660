import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { ROOT } from '../support/service.ts';

/** Quiet: nothing that the browser does by itself reaches for the network. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const DESKTOP = { width: 1440, height: 900 };
export const TABLET = { width: 800, height: 1180 };
export const PHONE = { width: 390, height: 844 };
/** Any condition on a page: generous, as the machine may be busy with other tests. */
export const PATIENCE_MS = 20_000;

/** The system's Chromium with a profile of its own, which goes with it. */
export class Browser implements AsyncDisposable {
  readonly context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.#profile = profile;
  }

  static async open(): Promise<Browser> {
    const executablePath = findChromium();
    const profile = await mkdtemp(join(tmpdir(), 'budao-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: ARGUMENTS,
      viewport: DESKTOP,
      locale: 'zh-CN',
      colorScheme: 'light',
      reducedMotion: 'reduce',
      acceptDownloads: true,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Browser(context, profile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Kept under test-results/, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(ROOT, 'test-results', 'browser');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = ['/usr/bin/chromium', ...folders.map((folder) => join(folder, 'chromium'))];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      'The browser tests need Chromium, which is not installed. Run `npm test`, which installs it, or: ' +
        'apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk',
    );
  }
  return found;
}
