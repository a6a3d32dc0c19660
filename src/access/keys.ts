import { randomBytes } from 'node:crypto';
import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type ScopedSql, scopeLedger, scopeSql } from '../ledger/scope.ts';
import { hashCredential } from './credential-hash.ts';
import { isAtLeast, type Principal, type Role, requireOperator } from './principal.ts';

const KEY_PREFIX = 'bdk_';
const MAX_LISTED_KEYS = 1_000;
const MAX_ACTIVE_KEYS = 500;
const DAY_MS = 24 * 3_600_000;

/** Times are milliseconds since the epoch. */
export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  isOperator: boolean;
  /** The end of the key, to tell it from others. */
  hint: string;
  accountId: string | null;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
}

type KeyRow = {
  id: string;
  name: string;
  role: Role;
  operator: number | null;
  hint: string;
  account_id: string | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
};

const KEY = `SELECT id, name, role, operator, hint, account_id, created_at, expires_at, revoked_at FROM api_key
  WHERE workspace_id = :workspace`;

/** The API keys of a workspace. Only their hashes are kept. */
export class ApiKeys {
  readonly #ledger: Ledger;
  readonly #now: () => number;

  constructor(ledger: Ledger, now: () => number) {
    this.#ledger = ledger;
    this.#now = now;
  }

  /** Those in force come first, whatever was revoked since; of each kind the newest. */
  async list(workspaceId: string): Promise<ApiKey[]> {
    const own = scopeSql(this.#ledger.read, workspaceId);
    const rows = await own.all<KeyRow>(
      `${KEY} ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC
       LIMIT ${MAX_LISTED_KEYS}`,
    );
    return rows.map(keyFromRow);
  }

  /**
   * The secret is told once, here. A key makes none that may do more or that lasts longer than itself.
   * @throws BudaoError too_many_keys, operator_required, key_exceeds_maker, revoked_api_key
   */
  async create(
    actor: Principal,
    wanted: { name: string; role: Role; isOperator?: boolean; expiresInDays: number | null },
  ): Promise<{ key: ApiKey; secret: string }> {
    const { isOperator = false } = wanted;
    if (isOperator) requireOperator(actor);
    if (!isAtLeast(actor.role, wanted.role)) throw roleExceedsMaker(actor.role);
    const secret = KEY_PREFIX + randomBytes(32).toString('base64url');
    const now = this.#now();
    const expiresAt = wanted.expiresInDays === null ? null : now + wanted.expiresInDays * DAY_MS;
    const key = await scopeLedger(this.#ledger, actor.workspaceId).transaction(async (own) => {
      const maker = await findMaker(own, actor);
      if (maker !== null) requireNoLongerLife(maker, expiresAt);
      const active = await own.get<{ count: number }>(
        'SELECT count(*) AS count FROM api_key WHERE workspace_id = :workspace AND revoked_at IS NULL',
      );
      if (Number(active?.count ?? 0) >= MAX_ACTIVE_KEYS) throw tooManyKeys();
      const id = await insertKey(own, {
        secret,
        name: wanted.name,
        role: wanted.role,
        isOperator,
        accountId: actor.accountId,
        madeBy: maker?.id ?? null,
        expiresAt,
        now,
      });
      return requireKey(own, id);
    });
    return { key, secret };
  }

  /**
   * With the keys that were made with it: whoever has taken it may have made them. Revoking a key twice changes nothing.
   * @throws BudaoError key_not_found
   */
  async revoke(workspaceId: string, id: string): Promise<void> {
    await scopeLedger(this.#ledger, workspaceId).transaction(async (own) => {
      await requireKey(own, id);
      const leaving = [id];
      for (const one of leaving) {
        await own.run(
          'UPDATE api_key SET revoked_at = :now WHERE workspace_id = :workspace AND id = :id AND revoked_at IS NULL',
          { id: one, now: this.#now() },
        );
        const made = await own.all<{ id: string }>(
          'SELECT id FROM api_key WHERE workspace_id = :workspace AND made_by = :id AND revoked_at IS NULL',
          { id: one },
        );
        leaving.push(...made.map((key) => key.id));
      }
    });
  }
}

export async function insertKey(
  own: ScopedSql,
  key: {
    secret: string;
    name: string;
    role: Role;
    isOperator?: boolean;
    accountId: string | null;
    /** The key with which it is made. */
    madeBy?: string | null;
    expiresAt: number | null;
    now: number;
  },
): Promise<string> {
  const { secret, isOperator = false, madeBy = null, ...columns } = key;
  const id = newId('apiKey');
  await own.run(
    `INSERT INTO api_key (id, workspace_id, account_id, name, role, operator, key_hash, hint, made_by, created_at, expires_at)
     VALUES (:id, :workspace, :accountId, :name, :role, :operator, :hash, :hint, :madeBy, :now, :expiresAt)`,
    {
      id,
      ...columns,
      madeBy,
      operator: isOperator ? 1 : null,
      hash: hashCredential(secret),
      hint: hintOf(secret),
    },
  );
  return id;
}

/** Short keys, which only automation brings along, give away less. */
function hintOf(secret: string): string {
  return `…${secret.slice(secret.length >= 32 ? -4 : -2)}`;
}

async function requireKey(own: ScopedSql, id: string): Promise<ApiKey> {
  const row = await own.get<KeyRow>(`${KEY} AND id = :id`, { id });
  if (row === undefined)
    throw new BudaoError('not_found', 'key_not_found', 'There is no such API key in this workspace.');
  return keyFromRow(row);
}

function keyFromRow(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    isOperator: row.operator === 1,
    hint: row.hint,
    accountId: row.account_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

/** Held until the new key is there, so that neither is revoked without the other. @throws BudaoError revoked_api_key */
async function findMaker(own: ScopedSql, actor: Principal): Promise<Maker | null> {
  if (actor.keyId === null) return null;
  const maker = await own.get<Maker>(
    `SELECT id, expires_at, revoked_at FROM api_key WHERE workspace_id = :workspace AND id = :id
     /*postgres: FOR UPDATE */`,
    { id: actor.keyId },
  );
  if (maker !== undefined && maker.revoked_at !== null)
    throw new BudaoError(
      'unauthenticated',
      'revoked_api_key',
      'This API key was revoked. Ask an owner for a new one.',
    );
  return maker ?? null;
}

type Maker = Pick<KeyRow, 'id' | 'expires_at' | 'revoked_at'>;

/** @throws BudaoError key_exceeds_maker */
function requireNoLongerLife(maker: Maker, expiresAt: number | null): void {
  if (maker.expires_at === null || (expiresAt !== null && expiresAt <= maker.expires_at)) return;
  const end = new Date(maker.expires_at).toISOString();
  throw new BudaoError(
    'forbidden',
    'key_exceeds_maker',
    `The API key of this request expires at ${end}, and makes none that last longer. Give expires_in_days so that the ` +
      'new one ends before, or make it after signing in.',
    { param: 'expires_in_days' },
  );
}

function roleExceedsMaker(role: Role): BudaoError {
  return new BudaoError(
    'forbidden',
    'key_exceeds_maker',
    `You have the role '${role}' in this workspace, and a key may not do more than who makes it.`,
    { param: 'role' },
  );
}

function tooManyKeys(): BudaoError {
  return new BudaoError(
    'conflict',
    'too_many_keys',
    `A workspace has at most ${MAX_ACTIVE_KEYS} active keys. Revoke some first.`,
  );
}
