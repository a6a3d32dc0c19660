import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTestAccess } from '../access/testing.ts';
import { dataFolderAt } from './data-folder.ts';
import { ensureLocalKey, readLocalKey } from './local-key.ts';

test('a command line whose key was revoked has another one after the next start, and the old one stays dead', async () => {
  await using cleanup = new AsyncDisposableStack();
  const path = await mkdtemp(join(tmpdir(), 'budao-local-key-'));
  cleanup.defer(() => rm(path, { recursive: true }));
  const { access, ledger, workspaceId } = cleanup.use(await openTestAccess());
  const folder = dataFolderAt(path);
  const authenticate = (key: string) => access.authenticate({ authorization: `Bearer ${key}` });

  await ensureLocalKey(folder, ledger, workspaceId);
  const first = await readLocalKey(folder);
  const { keyId } = await authenticate(first);
  await ensureLocalKey(folder, ledger, workspaceId);
  expect(await readLocalKey(folder)).toBe(first);

  await access.keys.revoke(workspaceId, keyId ?? '');
  await ensureLocalKey(folder, ledger, workspaceId);
  const second = await readLocalKey(folder);
  expect(await authenticate(second)).toMatchObject({ role: 'owner', isOperator: true });
  await expect(authenticate(first)).rejects.toMatchObject({ code: 'revoked_api_key' });
});
