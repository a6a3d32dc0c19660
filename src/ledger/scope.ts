import { BudaoError } from '../contract/errors.ts';
import type { Ledger, Sql, SqlParams } from './ledger.ts';
import { proveScoped } from './scope-proof.ts';
import { UnreadableSqlError } from './sql-tokens.ts';

/**
 * SQL that belongs to one workspace. The one place through which tenant rows are reached on behalf of a caller:
 * every statement must provably compare `workspace_id` with `:workspace`, which is bound here and nowhere else.
 */
export interface ScopedSql extends Sql {
  readonly workspaceId: string;
}

/** Bounds what is remembered of statements whose text is put together at run time. */
const MAX_REMEMBERED_STATEMENTS = 2_000;
const WORKSPACE_PARAM = /:workspace\b/;
/** The engines also take a parameter under its prefixed name. */
const WORKSPACE_KEYS = ['workspace', ':workspace', '@workspace', '$workspace'];
const provenStatements = new Set<string>();

export function scopeSql(sql: Sql, workspaceId: string): ScopedSql {
  const bind = (statement: string, params: SqlParams = {}): SqlParams => {
    checkScoped(statement);
    if (WORKSPACE_KEYS.some((key) => key in params))
      throw new ScopeError('`workspace` is bound by the scope, not by the caller');
    return WORKSPACE_PARAM.test(statement) ? { ...params, workspace: workspaceId } : params;
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

/** Refuses whatever cannot be proven to stay in the workspace; each statement is proven once per process. */
function checkScoped(statement: string): void {
  if (provenStatements.has(statement)) return;
  try {
    proveScoped(statement);
  } catch (error) {
    if (!(error instanceof UnreadableSqlError)) throw error;
    throw new ScopeError(
      `A statement is not proven to stay in its workspace: ${error.message}. ${statement}`,
    );
  }
  if (provenStatements.size >= MAX_REMEMBERED_STATEMENTS) provenStatements.clear();
  provenStatements.add(statement);
}

export class ScopeError extends BudaoError {
  constructor(message: string) {
    super('internal', 'scope_missing', message);
  }
}
