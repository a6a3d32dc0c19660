import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';

const WORKER = fileURLToPath(new URL('./processes/worker.ts', import.meta.url));

it('a child whose supervisor went while it was being loaded does not live on alone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'budao-child-'));
  // As its supervisor has made it.
  await using _ = await openSqliteLedger({ path: join(dataDir, 'ledger.db') });
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WORKER], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, BUDAO_DATA_DIR: dataDir, BUDAO_LOG_LEVEL: 'silent' },
  });
  const ended = once(child, 'exit');
  child.disconnect();
  expect(await ended).toEqual([null, 'SIGKILL']);
  await rm(dataDir, { recursive: true });
});
