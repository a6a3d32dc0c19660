/** The first start on an empty ledger: a workspace, the account `admin`, and a key if automation brings one. */
import { BudaoError } from '../contract/errors.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import { type AccountRow, findAccountByUsername, insertAccount } from './account-rows.ts';
import { looksLikeToken } from './credential-form.ts';
import { hashCredential } from './credential-hash.ts';
import { insertKey } from './keys.ts';
import { PasswordHasher } from './password-hasher.ts';
import { generatePassword } from './password-rules.ts';
import { insertMembership, insertWorkspace } from './workspaces.ts';

export const FIRST_WORKSPACE_NAME = '默认工作区 / Default';
export const FIRST_USERNAME = 'admin';
const MIN_KEY_CHARACTERS = 16;
const MAX_KEY_CHARACTERS = 256;
/** Its value is `pending` until somebody has been told the password, then `done`. */
const SETTING = 'access.bootstrap';

export interface BootstrapResult {
  /** The first workspace; it may have been made by an earlier start. */
  workspaceId: string;
  /** To be shown once to whoever started the program; null when an earlier start has done so. */
  admin: { username: string; password: string } | null;
  /** Sentences for whoever started the program. */
  warnings: string[];
  /** To be called once the password has been shown. Until then each start makes and returns a new one. */
  acknowledge(): Promise<void>;
}

/**
 * Safe to run at every start, and after being killed at any point. One process runs it, before the others start.
 * @throws BudaoError bootstrap_key_too_short, bootstrap_key_malformed
 */
export async function ensureBootstrap(options: {
  ledger: Ledger;
  bootstrapApiKey?: string;
  now: () => number;
}): Promise<BootstrapResult> {
  const { ledger, now } = options;
  const key =
    options.bootstrapApiKey === undefined || options.bootstrapApiKey === '' ? null : options.bootstrapApiKey;
  if (key !== null) requireKeyFormat(key);
  const first = await findFirstWorkspace(ledger.read);
  const isSettled = first !== undefined && !(await isPasswordUntold(ledger.read));
  const password = isSettled ? null : generatePassword();
  const passwordHash = password === null ? null : await new PasswordHasher().hash(password);
  const outcome = await ledger.transaction(async (tx) => {
    const existing = await findFirstWorkspace(tx);
    if (existing === undefined && passwordHash !== null) {
      return {
        workspaceId: await createFirst(tx, { passwordHash, key, now: now() }),
        told: true,
        warnings: [],
      };
    }
    const workspaceId = existing?.id ?? '';
    // What appeared since we looked was made by another process, which is telling its password.
    const told =
      first !== undefined && passwordHash !== null && (await replaceUntoldPassword(tx, passwordHash));
    return { workspaceId, told, warnings: await warnAboutKey(tx, key) };
  });
  return {
    workspaceId: outcome.workspaceId,
    admin: outcome.told && password !== null ? { username: FIRST_USERNAME, password } : null,
    warnings: outcome.warnings,
    acknowledge: () => acknowledge(ledger, now),
  };
}

async function createFirst(
  tx: Sql,
  first: { passwordHash: string; key: string | null; now: number },
): Promise<string> {
  const { passwordHash, key, now } = first;
  const workspaceId = await insertWorkspace(tx, FIRST_WORKSPACE_NAME, now);
  const accountId = await insertAccount(tx, {
    username: FIRST_USERNAME,
    displayName: 'Admin',
    passwordHash,
    now,
  });
  await tx.run('UPDATE account SET operator = 1 WHERE id = :id', { id: accountId });
  await insertMembership(tx, workspaceId, accountId, 'owner', now);
  if (key !== null) {
    const own = scopeSql(tx, workspaceId);
    await insertKey(own, {
      secret: key,
      name: 'Bootstrap',
      role: 'owner',
      isOperator: true,
      accountId: null,
      expiresAt: null,
      now,
    });
  }
  await setState(tx, 'pending', now);
  return workspaceId;
}

/** A start that was killed before it could show the password has told nobody, so another one takes its place. */
async function replaceUntoldPassword(tx: Sql, passwordHash: string): Promise<boolean> {
  if (!(await isPasswordUntold(tx))) return false;
  await tx.run('UPDATE account SET password_hash = :hash WHERE username = :username', {
    hash: passwordHash,
    username: FIRST_USERNAME,
  });
  return true;
}

/** Whoever has signed in knows the password, even if nobody said that it was shown. */
async function isPasswordUntold(sql: Sql): Promise<boolean> {
  const state = await sql.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
    name: SETTING,
  });
  if (state?.value !== 'pending') return false;
  const admin: AccountRow | undefined = await findAccountByUsername(sql, FIRST_USERNAME);
  if (admin === undefined || admin.password_changed_at !== 0) return false;
  const session = await sql.get('SELECT 1 AS one FROM sign_in_session WHERE account_id = :id LIMIT 1', {
    id: admin.id,
  });
  return session === undefined;
}

async function acknowledge(ledger: Ledger, now: () => number): Promise<void> {
  await ledger.transaction((tx) => setState(tx, 'done', now()));
}

async function setState(tx: Sql, value: 'pending' | 'done', now: number): Promise<void> {
  await tx.run(
    `INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    { name: SETTING, value, now },
  );
}

async function findFirstWorkspace(sql: Sql): Promise<{ id: string } | undefined> {
  return sql.get<{ id: string }>('SELECT id FROM workspace ORDER BY created_at, id LIMIT 1');
}

async function warnAboutKey(tx: Sql, key: string | null): Promise<string[]> {
  if (key === null) return [];
  const known = await tx.get<{ revoked_at: number | null }>(
    'SELECT revoked_at FROM api_key WHERE key_hash = :hash',
    {
      hash: hashCredential(key),
    },
  );
  if (known?.revoked_at === null) return [];
  const reason = known === undefined ? 'differs from the one of the first start' : 'was revoked';
  return [
    `BUDAO_BOOTSTRAP_API_KEY is ignored: it ${reason}, and it counts only on a fresh data folder. ` +
      "Make keys with 'budao keys' or in the console.",
  ];
}

function requireKeyFormat(key: string): void {
  if (key.length < MIN_KEY_CHARACTERS) {
    throw new BudaoError(
      'invalid',
      'bootstrap_key_too_short',
      `BUDAO_BOOTSTRAP_API_KEY has ${key.length} characters and needs at least ${MIN_KEY_CHARACTERS}. ` +
        'Use a long random value, for example the output of: openssl rand -hex 24',
    );
  }
  if (key.length > MAX_KEY_CHARACTERS || !/^[\x21-\x7e]+$/.test(key) || looksLikeToken(key)) {
    throw new BudaoError(
      'invalid',
      'bootstrap_key_malformed',
      `BUDAO_BOOTSTRAP_API_KEY must be up to ${MAX_KEY_CHARACTERS} visible ASCII characters without spaces, and no JWT, ` +
        'because it is sent in a header. Use for example the output of: openssl rand -hex 24',
    );
  }
}
