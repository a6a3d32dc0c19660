import type { LesserMode } from '../contract/answer.ts';
import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import {
  effectiveLimits,
  type StoredLimits,
  type WorkspaceLimits,
  type WorkspaceLimitsChange,
} from '../contract/workspace-limits.ts';
import type { Ledger, Sql } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';
import { listMemberships, type Membership } from './account-rows.ts';
import type { Principal, Role } from './principal.ts';

export interface WorkspaceChange {
  name?: string;
  /** The lesser modes in which answers may be given; null for all. */
  allowedModes?: readonly LesserMode[] | null;
  /** Null goes back to the default; what is not named stays as it is. */
  limits?: WorkspaceLimitsChange;
}

interface WorkspaceSettings {
  allowedModes?: readonly LesserMode[];
  limits?: StoredLimits | undefined;
}

/** The workspaces that a caller may see and change: all of a person's, and the one that a key belongs to. */
export class Workspaces {
  readonly #ledger: Ledger;
  readonly #now: () => number;

  constructor(ledger: Ledger, now: () => number) {
    this.#ledger = ledger;
    this.#now = now;
  }

  async list(principal: Principal): Promise<Membership[]> {
    return visibleWorkspaces(this.#ledger.read, principal);
  }

  /** Belongs to who made it; if that is a key without an account, to the owners of the key's own workspace. */
  async create(actor: Principal, name: string): Promise<Membership> {
    const now = this.#now();
    return this.#ledger.transaction(async (tx) => {
      const owners = actor.accountId === null ? await ownersOf(tx, actor.workspaceId) : [actor.accountId];
      const workspaceId = await insertWorkspace(tx, name, now);
      for (const owner of owners) await insertMembership(tx, workspaceId, owner, 'owner', now);
      return { workspaceId, workspaceName: name, role: 'owner', createdAt: now };
    });
  }

  /** @throws BudaoError workspace_not_found, insufficient_role */
  async update(actor: Principal, workspaceId: string, change: WorkspaceChange): Promise<Membership> {
    return this.#ledger.transaction(async (tx) => {
      const workspace = (await visibleWorkspaces(tx, actor)).find((one) => one.workspaceId === workspaceId);
      if (workspace === undefined) {
        throw new BudaoError('not_found', 'workspace_not_found', 'There is no such workspace among yours.');
      }
      if (workspace.role !== 'owner') {
        throw new BudaoError('forbidden', 'insufficient_role', 'Only an owner of a workspace can change it.');
      }
      const { name = workspace.workspaceName, ...settings } = change;
      await tx.run('UPDATE workspace SET name = :name WHERE id = :id', { id: workspaceId, name });
      await changeSettings(tx, workspaceId, settings);
      return { ...workspace, workspaceName: name };
    });
  }

  /** The lesser modes in which the workspace may be answered; null for all. */
  async allowedModes(workspaceId: string): Promise<readonly LesserMode[] | null> {
    return (await readSettings(this.#ledger.read, workspaceId)).allowedModes ?? null;
  }

  /** The limits of the workspace, as they count. */
  async limits(workspaceId: string): Promise<WorkspaceLimits> {
    return effectiveLimits((await readSettings(this.#ledger.read, workspaceId)).limits);
  }
}

async function changeSettings(
  tx: Sql,
  workspaceId: string,
  { allowedModes, limits }: Pick<WorkspaceChange, 'allowedModes' | 'limits'>,
): Promise<void> {
  if (allowedModes === undefined && limits === undefined) return;
  const { allowedModes: modesBefore, ...others } = await readSettings(tx, workspaceId);
  const modes = allowedModes === undefined ? modesBefore : (allowedModes ?? undefined);
  const merged = Object.entries({ ...others.limits, ...limits }).filter(
    ([, value]) => typeof value === 'number',
  );
  const settings: WorkspaceSettings = {
    ...others,
    ...(modes === undefined ? {} : { allowedModes: modes }),
    limits: merged.length === 0 ? undefined : Object.fromEntries(merged),
  };
  await tx.run('UPDATE workspace SET settings = :settings WHERE id = :id', {
    id: workspaceId,
    settings: JSON.stringify(settings),
  });
}

async function readSettings(sql: Sql, workspaceId: string): Promise<WorkspaceSettings> {
  const row = await sql.get<{ settings: string }>('SELECT settings FROM workspace WHERE id = :id', {
    id: workspaceId,
  });
  return row === undefined ? {} : (JSON.parse(row.settings) as WorkspaceSettings);
}

export async function insertWorkspace(tx: Sql, name: string, now: number): Promise<string> {
  const id = newId('workspace');
  await tx.run(`INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, :name, '{}', :now)`, {
    id,
    name,
    now,
  });
  return id;
}

export async function insertMembership(
  tx: Sql,
  workspaceId: string,
  accountId: string,
  role: Role,
  now: number,
): Promise<void> {
  await scopeSql(tx, workspaceId).run(
    'INSERT INTO membership (workspace_id, account_id, role, created_at) VALUES (:workspace, :account, :role, :now)',
    { account: accountId, role, now },
  );
}

/** All workspaces of a person; of a key the one that it belongs to. */
export async function visibleWorkspaces(sql: Sql, principal: Principal): Promise<Membership[]> {
  if (principal.kind === 'session' && principal.accountId !== null)
    return listMemberships(sql, principal.accountId);
  const { workspaceId, role } = principal;
  const row = await scopeSql(sql, workspaceId).get<{ name: string; created_at: number }>(
    'SELECT name, created_at FROM workspace WHERE id = :workspace',
  );
  return row === undefined ? [] : [{ workspaceId, workspaceName: row.name, role, createdAt: row.created_at }];
}

async function ownersOf(tx: Sql, workspaceId: string): Promise<string[]> {
  const rows = await scopeSql(tx, workspaceId).all<{ account_id: string }>(
    `SELECT account_id FROM membership WHERE workspace_id = :workspace AND role = 'owner'`,
  );
  return rows.map((row) => row.account_id);
}
