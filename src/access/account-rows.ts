import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import type { Sql } from '../ledger/ledger.ts';
import type { Role } from './principal.ts';

export type AccountRow = {
  id: string;
  username: string;
  display_name: string;
  password_hash: string;
  /** 0 while the password is one that somebody else knows: generated, or set by an owner. */
  password_changed_at: number;
  disabled: number;
  /** Null in rows of older programs. */
  operator: number | null;
  created_at: number;
};

export interface Account {
  id: string;
  username: string;
  displayName: string;
  isOperator: boolean;
  mustChangePassword: boolean;
}

export interface Membership {
  workspaceId: string;
  workspaceName: string;
  role: Role;
  createdAt: number;
}

const USERNAME = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u;

/** One spelling per person. @throws BudaoError invalid_username */
export function requireUsername(username: string): string {
  const normalized = foldUsername(username);
  if (USERNAME.test(normalized)) return normalized;
  throw new BudaoError(
    'invalid',
    'invalid_username',
    'A username has 1 to 64 letters, digits, dots, hyphens, underscores or @, and starts with a letter or digit.',
    { param: 'username' },
  );
}

export function foldUsername(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase();
}

export function accountFromRow(
  row: Pick<AccountRow, 'id' | 'username' | 'display_name' | 'password_changed_at' | 'operator'>,
): Account {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    isOperator: row.operator === 1,
    mustChangePassword: row.password_changed_at === 0,
  };
}

export async function findAccount(sql: Sql, id: string): Promise<AccountRow | undefined> {
  return sql.get<AccountRow>('SELECT * FROM account WHERE id = :id', { id });
}

export async function findAccountByUsername(sql: Sql, username: string): Promise<AccountRow | undefined> {
  return sql.get<AccountRow>('SELECT * FROM account WHERE username = :username', { username });
}

/** @throws BudaoError username_taken */
export async function insertAccount(
  tx: Sql,
  account: { username: string; displayName: string; passwordHash: string; now: number },
): Promise<string> {
  const id = newId('account');
  const { changes } = await tx.run(
    `INSERT INTO account (id, username, display_name, password_hash, password_changed_at, disabled, created_at)
     VALUES (:id, :username, :displayName, :passwordHash, 0, 0, :now) ON CONFLICT (username) DO NOTHING`,
    { id, ...account },
  );
  if (changes === 0) throw usernameTaken();
  return id;
}

export function usernameTaken(): BudaoError {
  return new BudaoError('conflict', 'username_taken', 'This username is taken. Choose another.', {
    param: 'username',
  });
}

/** All workspaces of an account, the one that a request gets by default first. */
export async function listMemberships(sql: Sql, accountId: string): Promise<Membership[]> {
  const rows = await sql.all<{ id: string; name: string; role: Role; created_at: number }>(
    `SELECT w.id, w.name, m.role, w.created_at FROM membership m JOIN workspace w ON w.id = m.workspace_id
     WHERE m.account_id = :account ORDER BY m.created_at, m.workspace_id`,
    { account: accountId },
  );
  return rows.map((row) => ({
    workspaceId: row.id,
    workspaceName: row.name,
    role: row.role,
    createdAt: row.created_at,
  }));
}
