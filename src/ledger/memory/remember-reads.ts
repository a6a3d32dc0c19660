/** Reads go on for a declared time when the ledger is away: within a scope they are remembered, and recalled. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isLedgerAway } from '../errors.ts';
import type { Ledger, Sql, SqlParams, SqlRow } from '../ledger.ts';
import { withReads } from './ledger-watch.ts';
import type { ReadMemory } from './read-memory.ts';

/** One request, as far as its reads are concerned. */
export interface ReadScope {
  /** Whether what the ledger answers is worth remembering. */
  remembers: boolean;
  /** Only for what changes nothing: a change never rests on what may be out of date. */
  readonly mayRecall: boolean;
  /** Age of the oldest answer that came from memory; null as long as none did. */
  recalledAgeMs: number | null;
}

export interface Forgotten {
  table: string;
  /** Null for all of them. */
  workspaceId: string | null;
}

const scopes = new AsyncLocalStorage<ReadScope>();
const NO_PARAMS: SqlParams = {};
const NOTHING: readonly SqlRow[] = [];
/** Statements are constants of the program; those that are put together at run time must not pile up. */
const MAX_KNOWN_STATEMENTS = 1_000;

export function withinReadScope<Result>(scope: ReadScope, work: () => Result): Result {
  return scopes.run(scope, work);
}

/**
 * The same ledger. Beyond a scope its reads are what they were. What a transaction deletes or revokes is forgotten with
 * its commit; `onForget` tells it to other processes.
 */
export function rememberReads(
  ledger: Ledger,
  memory: ReadMemory,
  onForget: (forgotten: readonly Forgotten[]) => void,
): Ledger {
  const { read } = ledger;
  const recalled = (
    scope: ReadScope,
    asked: { kind: 'all' | 'get'; statement: string; params: SqlParams },
    error: unknown,
  ): SqlRow[] => {
    if (!scope.mayRecall || !isLedgerAway(error)) throw error;
    const known = memory.recall(asked.kind, asked.statement, asked.params);
    if (known === null) throw error;
    scope.recalledAgeMs = Math.max(scope.recalledAgeMs ?? 0, known.ageMs);
    return known.rows;
  };
  const all = async <Row>(scope: ReadScope, statement: string, params: SqlParams): Promise<Row[]> => {
    const askedAt = memory.moment();
    try {
      const rows = await read.all<Row>(statement, params);
      if (scope.remembers) memory.remember('all', statement, params, { rows: rows as SqlRow[], askedAt });
      return rows;
    } catch (error) {
      return recalled(scope, { kind: 'all', statement, params }, error) as Row[];
    }
  };
  const get = async <Row>(
    scope: ReadScope,
    statement: string,
    params: SqlParams,
  ): Promise<Row | undefined> => {
    const askedAt = memory.moment();
    try {
      const row = await read.get<Row>(statement, params);
      const rows = row === undefined ? NOTHING : [row as SqlRow];
      if (scope.remembers) memory.remember('get', statement, params, { rows, askedAt });
      return row;
    } catch (error) {
      return recalled(scope, { kind: 'get', statement, params }, error)[0] as Row | undefined;
    }
  };
  return withReads(
    ledger,
    {
      all: <Row>(statement: string, params = NO_PARAMS) => {
        const scope = scopes.getStore();
        return scope === undefined ? read.all<Row>(statement, params) : all<Row>(scope, statement, params);
      },
      get: <Row>(statement: string, params = NO_PARAMS) => {
        const scope = scopes.getStore();
        return scope === undefined ? read.get<Row>(statement, params) : get<Row>(scope, statement, params);
      },
      run: (statement, params) => read.run(statement, params),
    },
    async (work, options) => {
      let forgotten: Forgotten[] = [];
      const result = await ledger.transaction((tx) => {
        // The work may be run again from its beginning.
        forgotten = [];
        return work(noticing(tx, forgotten));
      }, options);
      if (forgotten.length > 0) {
        for (const { table, workspaceId } of forgotten) memory.forget(table, workspaceId);
        onForget(forgotten);
      }
      return result;
    },
  );
}

function noticing(tx: Sql, forgotten: Forgotten[]): Sql {
  return {
    all: (statement, params) => tx.all(statement, params),
    get: (statement, params) => tx.get(statement, params),
    run: (statement, params) => {
      const table = tableTakenFrom(statement);
      if (table !== null) {
        const workspace = params?.workspace;
        forgotten.push({ table, workspaceId: typeof workspace === 'string' ? workspace : null });
      }
      return tx.run(statement, params);
    },
  };
}

const tables = new Map<string, string | null>();

/** The table in which a statement deletes, revokes or takes rights away; null for one that does nothing of that. */
export function tableTakenFrom(statement: string): string | null {
  const known = tables.get(statement);
  if (known !== undefined) return known;
  const deleted = /^\s*DELETE\s+FROM\s+(\w+)/i.exec(statement)?.[1];
  const updated =
    /^\s*UPDATE\s+(\w+)\s.*\b(?:(?:deleted_at|revoked_at|disabled|role)\s*=|status\s*=\s*'removing')/is.exec(
      statement,
    )?.[1];
  const table = deleted ?? updated ?? null;
  if (tables.size >= MAX_KNOWN_STATEMENTS) tables.clear();
  tables.set(statement, table);
  return table;
}
