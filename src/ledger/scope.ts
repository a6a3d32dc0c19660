import { BudaoError } from '../contract/errors.ts';
import type { Ledger, Sql, SqlParams } from './ledger.ts';
import { TENANT_TABLES } from './schema.ts';

/**
 * SQL that belongs to one workspace. The one place through which tenant rows are reached on behalf of a caller:
 * every statement must compare `workspace_id` with `:workspace`, which is bound here and nowhere else.
 */
export interface ScopedSql extends Sql {
  readonly workspaceId: string;
}

const TENANT_TABLE = new RegExp(`\\b(?:from|join|update|into)\\s+(${TENANT_TABLES.join('|')})\\b(?!_)`, 'gi');
const checkedStatements = new Set<string>();

export function scopeSql(sql: Sql, workspaceId: string): ScopedSql {
  const bind = (statement: string, params: SqlParams = {}): SqlParams => {
    checkScoped(statement);
    if ('workspace' in params) throw new ScopeError('`workspace` is bound by the scope, not by the caller');
    return statement.includes(':workspace') ? { ...params, workspace: workspaceId } : params;
  };
  return {
    workspaceId,
    all: async (statement, params) => sql.all(statement, bind(statement, params)),
    get: async (statement, params) => sql.get(statement, bind(statement, params)),
    run: async (statement, params) => sql.run(statement, bind(statement, params)),
  };
}

/** A ledger whose reads and transactions are all scoped to one workspace. */
export interface ScopedLedger {
  readonly workspaceId: string;
  readonly read: ScopedSql;
  transaction<T>(work: (tx: ScopedSql) => Promise<T>): Promise<T>;
}

export function scopeLedger(ledger: Ledger, workspaceId: string): ScopedLedger {
  return {
    workspaceId,
    read: scopeSql(ledger.read, workspaceId),
    transaction: (work) => ledger.transaction((tx) => work(scopeSql(tx, workspaceId))),
  };
}

/**
 * Refuses a statement that touches tenant tables without binding each of them to the workspace: there must be at
 * least as many `workspace_id = :workspace` comparisons (or inserted `:workspace` values) as tables.
 */
function checkScoped(statement: string): void {
  if (checkedStatements.has(statement)) return;
  const tables = statement.match(TENANT_TABLE)?.length ?? 0;
  const bindings = statement.match(/workspace_id\s*=\s*:workspace\b/gi)?.length ?? 0;
  const inserted = /\binsert\s+into\b/i.test(statement) && /[(,]\s*:workspace\s*[,)]/.test(statement) ? 1 : 0;
  if (bindings + inserted < tables) {
    throw new ScopeError(`A statement reaches tenant rows without its workspace: ${statement}`);
  }
  checkedStatements.add(statement);
}

export class ScopeError extends BudaoError {
  constructor(message: string) {
    super('internal', 'scope_missing', message);
  }
}
