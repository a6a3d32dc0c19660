/**
 * The people of a workspace. An account may belong to several workspaces; an owner changes the account itself only
 * when they own all of them, so that nobody takes over a colleague's access to a workspace that is not theirs. The
 * account of an operator is changed by operators alone: with it comes what all workspaces share.
 */
import { BudaoError } from '../contract/errors.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { type ScopedSql, scopeSql } from '../ledger/scope.ts';
import { findAccountByUsername, insertAccount, requireUsername, usernameTaken } from './account-rows.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { generatePassword, requireGoodPassword } from './password-rules.ts';
import { type Principal, type Role, requireOperator } from './principal.ts';
import type { Sessions } from './sessions.ts';

export interface Person {
  id: string;
  username: string;
  displayName: string;
  role: Role;
  disabled: boolean;
  isOperator: boolean;
  mustChangePassword: boolean;
  /** When they joined the workspace. Milliseconds since the epoch. */
  createdAt: number;
}

export interface NewPerson {
  username: string;
  displayName: string;
  role: Role;
  /** Null has one generated. */
  password: string | null;
}

export interface PersonChange {
  username?: string;
  displayName?: string;
  role?: Role;
  disabled?: boolean;
  /** Given and taken by operators. */
  operator?: boolean;
  /** Null has one generated. */
  password?: string | null;
}

/** `generatedPassword` is told once, here. */
export interface PersonWithPassword {
  person: Person;
  generatedPassword: string | null;
}

const PERSON = `SELECT a.id, a.username, a.display_name, a.password_changed_at, a.disabled, a.operator,
    m.role, m.created_at
  FROM membership m JOIN account a ON a.id = m.account_id WHERE m.workspace_id = :workspace`;
const MAX_PEOPLE = 10_000;

export class People {
  readonly #ledger: Ledger;
  readonly #hasher: PasswordHasher;
  readonly #sessions: Sessions;
  readonly #now: () => number;

  constructor(parts: { ledger: Ledger; hasher: PasswordHasher; sessions: Sessions; now: () => number }) {
    this.#ledger = parts.ledger;
    this.#hasher = parts.hasher;
    this.#sessions = parts.sessions;
    this.#now = parts.now;
  }

  async list(workspaceId: string): Promise<Person[]> {
    const own = scopeSql(this.#ledger.read, workspaceId);
    const rows = await own.all<PersonRow>(`${PERSON} ORDER BY a.username LIMIT ${MAX_PEOPLE}`);
    return rows.map(personFromRow);
  }

  /**
   * Makes an account, or adds the account of somebody whom the caller already administers elsewhere.
   * @throws BudaoError invalid_username, username_taken, already_member, weak_password
   */
  async add(actor: Principal, wanted: NewPerson): Promise<PersonWithPassword> {
    const username = requireUsername(wanted.username);
    if (wanted.password !== null) requireGoodPassword(wanted.password, username);
    const password = wanted.password ?? generatePassword();
    const passwordHash = await this.#hasher.hash(password);
    return this.#ledger.transaction(async (tx) => {
      const own = scopeSql(tx, actor.workspaceId);
      const existing = await findAccountByUsername(tx, username);
      let accountId = existing?.id;
      if (accountId === undefined) {
        const { displayName } = wanted;
        accountId = await insertAccount(tx, { username, displayName, passwordHash, now: this.#now() });
      } else if (wanted.password !== null || !(await ownsSomeWorkspaceOf(tx, actor, accountId))) {
        throw usernameTaken();
      }
      const { changes } = await own.run(
        `INSERT INTO membership (workspace_id, account_id, role, created_at) VALUES (:workspace, :account, :role, :now)
         ON CONFLICT (workspace_id, account_id) DO NOTHING`,
        { account: accountId, role: wanted.role, now: this.#now() },
      );
      if (changes === 0) throw alreadyMember();
      const isNew = existing === undefined;
      return {
        person: await requirePerson(own, accountId),
        generatedPassword: isNew && wanted.password === null ? password : null,
      };
    });
  }

  /**
   * @throws BudaoError user_not_found, account_shared, operator_account, operator_required, last_owner, last_operator,
   *   own_account, username_taken, weak_password
   */
  async update(actor: Principal, accountId: string, change: PersonChange): Promise<PersonWithPassword> {
    if (change.operator !== undefined) requireOperator(actor);
    const before = await requirePerson(scopeSql(this.#ledger.read, actor.workspaceId), accountId);
    const username = change.username === undefined ? before.username : requireUsername(change.username);
    if (typeof change.password === 'string') requireGoodPassword(change.password, username);
    const password = change.password === undefined ? undefined : (change.password ?? generatePassword());
    if (accountId === actor.accountId && (password !== undefined || change.disabled === true))
      throw ownAccount();
    const passwordHash = password === undefined ? undefined : await this.#hasher.hash(password);
    const { displayName, role, disabled, operator } = change;
    return this.#ledger.transaction(async (tx) => {
      const own = scopeSql(tx, actor.workspaceId);
      const current = await requirePerson(own, accountId);
      if (
        username !== current.username ||
        displayName !== undefined ||
        disabled !== undefined ||
        password !== undefined
      ) {
        await requireOwnsAllWorkspacesOf(tx, actor, accountId);
        requireMayChangeOperator(actor, current);
      }
      if (role !== undefined) await setRole(own, current, role);
      if (operator !== undefined) await setOperator(tx, accountId, operator);
      if (disabled === true) await requireOtherOwnersEverywhere(tx, accountId);
      if (current.isOperator && (operator === false || disabled === true))
        await requireOtherOperator(tx, accountId);
      await changeAccount(tx, current, { username, displayName, disabled, passwordHash });
      if (disabled === true || passwordHash !== undefined) await this.#sessions.closeAll(tx, accountId, null);
      return {
        person: await requirePerson(own, accountId),
        generatedPassword: change.password === null ? (password ?? null) : null,
      };
    });
  }

  /**
   * Takes a person and their keys out of the workspace; with the last workspace the account goes too.
   * @throws BudaoError user_not_found, last_owner, last_operator, operator_account
   */
  async remove(actor: Principal, accountId: string): Promise<void> {
    await this.#ledger.transaction(async (tx) => {
      const own = scopeSql(tx, actor.workspaceId);
      const person = await requirePerson(own, accountId);
      if (person.role === 'owner') await requireOtherOwner(own, accountId);
      const params = { account: accountId };
      await own.run(
        'DELETE FROM membership WHERE workspace_id = :workspace AND account_id = :account',
        params,
      );
      await own.run(
        `UPDATE api_key SET revoked_at = :now
         WHERE workspace_id = :workspace AND account_id = :account AND revoked_at IS NULL`,
        { ...params, now: this.#now() },
      );
      const left = await tx.get('SELECT 1 AS one FROM membership WHERE account_id = :account', params);
      if (left !== undefined) return;
      requireMayChangeOperator(actor, person);
      if (person.isOperator) await requireOtherOperator(tx, accountId);
      await tx.run('DELETE FROM sign_in_session WHERE account_id = :account', params);
      await tx.run('DELETE FROM account WHERE id = :account', params);
    });
  }
}

type PersonRow = {
  id: string;
  username: string;
  display_name: string;
  password_changed_at: number;
  disabled: number;
  operator: number | null;
  role: Role;
  created_at: number;
};

function personFromRow(row: PersonRow): Person {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    role: row.role,
    disabled: row.disabled === 1,
    isOperator: row.operator === 1,
    mustChangePassword: row.password_changed_at === 0,
    createdAt: row.created_at,
  };
}

async function requirePerson(own: ScopedSql, accountId: string): Promise<Person> {
  const row = await own.get<PersonRow>(`${PERSON} AND m.account_id = :account`, { account: accountId });
  if (row === undefined) {
    throw new BudaoError('not_found', 'user_not_found', 'There is no such user in this workspace.');
  }
  return personFromRow(row);
}

async function setRole(own: ScopedSql, person: Person, role: Role): Promise<void> {
  if (person.role === 'owner' && role !== 'owner') await requireOtherOwner(own, person.id);
  await own.run(
    'UPDATE membership SET role = :role WHERE workspace_id = :workspace AND account_id = :account',
    {
      account: person.id,
      role,
    },
  );
}

async function setOperator(tx: Sql, accountId: string, isOperator: boolean): Promise<void> {
  await tx.run('UPDATE account SET operator = :operator WHERE id = :id', {
    id: accountId,
    operator: isOperator ? 1 : null,
  });
}

async function changeAccount(
  tx: Sql,
  person: Person,
  change: {
    username: string;
    displayName: string | undefined;
    disabled: boolean | undefined;
    passwordHash: string | undefined;
  },
): Promise<void> {
  if (change.username !== person.username) {
    const other = await findAccountByUsername(tx, change.username);
    if (other !== undefined) throw usernameTaken();
  }
  await tx.run(
    'UPDATE account SET username = :username, display_name = :displayName, disabled = :disabled WHERE id = :id',
    {
      id: person.id,
      username: change.username,
      displayName: change.displayName ?? person.displayName,
      disabled: (change.disabled ?? person.disabled) ? 1 : 0,
    },
  );
  if (change.passwordHash === undefined) return;
  await tx.run('UPDATE account SET password_hash = :hash, password_changed_at = 0 WHERE id = :id', {
    id: person.id,
    hash: change.passwordHash,
  });
}

/** Two owners who take each other out at the same time go one after another. @throws BudaoError last_owner */
async function requireOtherOwner(own: ScopedSql, accountId: string): Promise<void> {
  await own.all(
    `SELECT account_id FROM membership WHERE workspace_id = :workspace AND role = 'owner'
     ORDER BY account_id /*postgres: FOR UPDATE */`,
  );
  const other = await own.get(
    `SELECT 1 AS one FROM membership m JOIN account a ON a.id = m.account_id
     WHERE m.workspace_id = :workspace AND m.role = 'owner' AND a.disabled = 0 AND m.account_id <> :account LIMIT 1`,
    { account: accountId },
  );
  if (other === undefined) {
    throw new BudaoError(
      'conflict',
      'last_owner',
      'This is the last owner of a workspace. Make somebody else an owner first.',
    );
  }
}

async function requireOtherOwnersEverywhere(tx: Sql, accountId: string): Promise<void> {
  const owned = await tx.all<{ workspace_id: string }>(
    `SELECT workspace_id FROM membership WHERE account_id = :account AND role = 'owner'`,
    { account: accountId },
  );
  for (const { workspace_id } of owned) await requireOtherOwner(scopeSql(tx, workspace_id), accountId);
}

/** Keys do not count: they are made by people, and may be lost. @throws BudaoError last_operator */
async function requireOtherOperator(tx: Sql, accountId: string): Promise<void> {
  await tx.all('SELECT id FROM account WHERE operator = 1 ORDER BY id /*postgres: FOR UPDATE */');
  const other = await tx.get(
    'SELECT 1 AS one FROM account WHERE operator = 1 AND disabled = 0 AND id <> :account LIMIT 1',
    { account: accountId },
  );
  if (other === undefined) {
    throw new BudaoError(
      'conflict',
      'last_operator',
      'This is the last operator of the installation. Make somebody else an operator first.',
    );
  }
}

/** The workspaces in which the caller acts as an owner: a key acts only in its own. */
async function ownedWorkspaces(tx: Sql, actor: Principal): Promise<Set<string>> {
  if (actor.kind === 'key' || actor.accountId === null) return new Set([actor.workspaceId]);
  const rows = await tx.all<{ workspace_id: string }>(
    `SELECT workspace_id FROM membership WHERE account_id = :account AND role = 'owner'`,
    { account: actor.accountId },
  );
  return new Set(rows.map((row) => row.workspace_id));
}

async function workspacesOf(tx: Sql, accountId: string): Promise<string[]> {
  const rows = await tx.all<{ workspace_id: string }>(
    'SELECT workspace_id FROM membership WHERE account_id = :account',
    { account: accountId },
  );
  return rows.map((row) => row.workspace_id);
}

async function ownsSomeWorkspaceOf(tx: Sql, actor: Principal, accountId: string): Promise<boolean> {
  const owned = await ownedWorkspaces(tx, actor);
  return (await workspacesOf(tx, accountId)).some((id) => owned.has(id));
}

/** @throws BudaoError account_shared */
async function requireOwnsAllWorkspacesOf(tx: Sql, actor: Principal, accountId: string): Promise<void> {
  if (accountId === actor.accountId && actor.kind === 'session') return;
  const owned = await ownedWorkspaces(tx, actor);
  if ((await workspacesOf(tx, accountId)).every((id) => owned.has(id))) return;
  throw new BudaoError(
    'forbidden',
    'account_shared',
    'This person also belongs to a workspace that you do not own. You can change their role here or remove them; ' +
      'the account itself is changed by an owner of all its workspaces.',
  );
}

/** Whoever sets the password of an operator has become one. @throws BudaoError operator_account */
function requireMayChangeOperator(actor: Principal, person: Person): void {
  if (!person.isOperator || actor.isOperator) return;
  if (person.id === actor.accountId && actor.kind === 'session') return;
  throw new BudaoError(
    'forbidden',
    'operator_account',
    'This person is an operator of the installation. Their account is changed by another operator.',
  );
}

function alreadyMember(): BudaoError {
  return new BudaoError('conflict', 'already_member', 'This user already belongs to the workspace.', {
    param: 'username',
  });
}

function ownAccount(): BudaoError {
  return new BudaoError(
    'conflict',
    'own_account',
    'You cannot disable your own account or reset its password here. Change your password under POST /auth/password.',
  );
}
