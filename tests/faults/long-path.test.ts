import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { askAndFollow } from '../support/response-reader.ts';
import { Service } from '../support/service.ts';

test('a data folder whose path is too long for a socket has its hub in a private folder, gone after the stop', async () => {
  await using cleanup = new AsyncDisposableStack();
  const parent = await mkdtemp(join(tmpdir(), 'budao-long-'));
  cleanup.defer(() => rm(parent, { recursive: true, force: true }));
  const dataDir = join(parent, '很长的文件夹名'.repeat(8), 'data');
  await mkdir(dataDir, { recursive: true });
  const upstream = cleanup.use(await startUpstream({ tokens: 20, tokensPerSecond: 100 }));
  const service = cleanup.use(
    await Service.start({
      dataDir,
      environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
    }),
  );
  const link = join(dataDir, 'hub.sock');
  const first = dirname(await readlink(link));
  expect(statSync(first).mode & 0o777).toBe(0o700);
  const ask = () =>
    askAndFollow(service, { model: 'budao', input: '问' }, { idempotencyKey: 'long', deadlineMs: 30_000 });
  expect(await ask()).toMatchObject({ status: 'completed', connections: 1 });

  // What a power cut leaves behind is tidied at the next start.
  await service.killAll();
  await service.start();
  const second = dirname(await readlink(link));
  expect(existsSync(first)).toBe(false);
  expect(await service.stop()).toBe(0);
  expect(existsSync(second)).toBe(false);
  expect(existsSync(link)).toBe(false);
});
