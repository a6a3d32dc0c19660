import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashCredential } from '../access/credential-hash.ts';
import { insertKey } from '../access/keys.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import { writeDurably } from '../stores/files/durable-file.ts';
import { openFolderSecrets, SECRET_BYTES } from '../stores/secrets/folder-secrets.ts';
import type { DataFolder } from './data-folder.ts';

const SECRET_NAME = 'local-key';

/** False for a folder that no service has started on: reading the key would make one. */
export function hasLocalKey(folder: DataFolder): boolean {
  return existsSync(join(folder.secrets, SECRET_NAME));
}

/** The key of the command line on this machine: whoever may read the data folder may use it. */
export async function readLocalKey(folder: DataFolder): Promise<string> {
  const secret = await openFolderSecrets({ folder: folder.secrets }).read(SECRET_NAME);
  return `bdk_local_${Buffer.from(secret).toString('base64url')}`;
}

/** A key that was revoked stays so, for its secret may have got out; at the next start another takes its place. */
export async function ensureLocalKey(folder: DataFolder, ledger: Ledger, workspaceId: string): Promise<void> {
  // Replaced in one step: a folder without the file counts as one that no service has started on.
  if (await isRevoked(ledger.read, await readLocalKey(folder)))
    await writeDurably(join(folder.secrets, SECRET_NAME), randomBytes(SECRET_BYTES));
  const secret = await readLocalKey(folder);
  await ledger.transaction(async (tx) => {
    const known = await tx.get('SELECT 1 AS one FROM api_key WHERE key_hash = :hash', {
      hash: hashCredential(secret),
    });
    if (known !== undefined) return;
    await insertKey(scopeSql(tx, workspaceId), {
      secret,
      name: '本机命令行 / Command line on this machine',
      role: 'owner',
      isOperator: true,
      accountId: null,
      expiresAt: null,
      now: ledgerTime(),
    });
  });
}

async function isRevoked(sql: Sql, secret: string): Promise<boolean> {
  const revoked = await sql.get(
    'SELECT 1 AS one FROM api_key WHERE key_hash = :hash AND revoked_at IS NOT NULL',
    {
      hash: hashCredential(secret),
    },
  );
  return revoked !== undefined;
}
