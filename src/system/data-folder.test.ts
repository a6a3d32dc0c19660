import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { DataFolderLock, dataFolderAt, prepareDataFolder } from './data-folder.ts';

let path: string;
let umaskBefore: number;

beforeEach(async () => {
  umaskBefore = process.umask(0o022);
  path = await mkdtemp(join(tmpdir(), 'budao-folder-'));
});
afterEach(async () => {
  process.umask(umaskBefore);
  await rm(path, { recursive: true });
});

it('keeps conversations and password hashes from other users, also in a folder that all may enter', async () => {
  await chmod(path, 0o755);
  const folder = dataFolderAt(path);
  await prepareDataFolder(folder);
  using lock = DataFolderLock.acquire(folder);
  await using ledger = await openSqliteLedger({ path: folder.ledger });
  await ledger.read.get('SELECT 1 AS one');
  expect(lock).toBeDefined();
  for (const name of ['ledger.db', 'ledger.db-wal', 'lock.db', 'lock.json', 'secrets', 'blobs'])
    expect([name, (await stat(join(path, name))).mode & 0o077]).toEqual([name, 0]);
});
