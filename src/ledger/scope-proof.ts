/**
 * Proves from a statement's text that it reaches only rows of the workspace bound as `:workspace`.
 *
 * Understands the portable SQL of this program and refuses the rest: whatever is not proven does not run.
 */
import { MIGRATIONS, TENANT_TABLES } from './schema.ts';
import {
  type Equality,
  isQuery,
  type Operand,
  readEqualities,
  readFrom,
  readSource,
  type Source,
} from './sql-sources.ts';
import {
  type Group,
  indexOfWord,
  isSymbol,
  isWord,
  readSql,
  type SqlNode,
  splitBy,
  UnreadableSqlError,
} from './sql-tokens.ts';

/** Tables whose rows belong to a workspace through another table, read only together with it. */
const READ_THROUGH: Readonly<Record<string, { column: string; parent: string; parentColumn: string }>> = {
  event: { column: 'run_id', parent: 'run', parentColumn: 'id' },
  account: { column: 'id', parent: 'membership', parentColumn: 'account_id' },
};
const TENANTS = new Set<string>(TENANT_TABLES);
const ALL_TABLES = new Set(
  MIGRATIONS.flatMap((migration) => migration.statements).flatMap(
    (statement) => /^\s*create\s+table\s+(\w+)/i.exec(statement)?.[1] ?? [],
  ),
);

/** Functions that both engines have and that read nothing but their arguments. */
const FUNCTIONS =
  'abs avg cast ceil coalesce count dense_rank first_value floor lag last_value lead length lower ltrim max min mod nullif rank replace round row_number rtrim substr sum trim upper'.split(
    ' ',
  );
const WORDS_BEFORE_A_GROUP =
  'all and any as between by case conflict distinct else except exists filter from having in intersect is join like limit not offset on or over returning select set some then union using values when where'.split(
    ' ',
  );
const CLAUSES = [
  'from',
  'where',
  'group',
  'having',
  'window',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
  'returning',
];
const SET_OPERATORS = ['union', 'intersect', 'except'];

/** @throws UnreadableSqlError saying what to change, when the statement cannot be proven to stay in its workspace */
export function proveScoped(statement: string): void {
  const nodes = readSql(statement);
  const proof = new Proof();
  proof.query(nodes, new Set());
  proof.requireEveryTableUnderstood(nodes);
}

class Proof {
  #understood = 0;

  query(nodes: readonly SqlNode[], outerNames: ReadonlySet<string>): void {
    const { body, names } = this.#readWith(nodes, outerNames);
    const first = body[0];
    if (isWord(first, 'insert')) return this.#insert(body, names);
    if (isWord(first, 'update')) return this.#update(body, names);
    if (isWord(first, 'delete')) return this.#delete(body, names);
    for (const part of splitQueries(body)) this.#select(part, names);
  }

  /** Every mention of a table must have been read as a source or a target, whatever syntax it stands in. */
  requireEveryTableUnderstood(nodes: readonly SqlNode[]): void {
    if (countTables(nodes) !== this.#understood) {
      throw new UnreadableSqlError(
        'name tables only after FROM, JOIN, UPDATE or INTO, and nothing else like them',
      );
    }
  }

  #readWith(
    nodes: readonly SqlNode[],
    outerNames: ReadonlySet<string>,
  ): { body: readonly SqlNode[]; names: ReadonlySet<string> } {
    if (!isWord(nodes[0], 'with')) return { body: nodes, names: outerNames };
    const names = new Set(outerNames);
    let index = isWord(nodes[1], 'recursive') ? 2 : 1;
    for (;;) {
      const name = nodes[index];
      if (name?.kind !== 'word' || ALL_TABLES.has(name.text)) {
        throw new UnreadableSqlError('give a WITH query a name that no table has');
      }
      names.add(name.text);
      index += nodes[index + 1]?.kind === 'group' ? 2 : 1;
      const body = nodes[index + 1];
      if (!isWord(nodes[index], 'as') || body?.kind !== 'group' || !isQuery(body)) {
        throw new UnreadableSqlError('write WITH name AS (query)');
      }
      this.query(body.nodes, names);
      index += 2;
      if (!isSymbol(nodes[index], ',')) return { body: nodes.slice(index), names };
      index += 1;
    }
  }

  #select(nodes: readonly SqlNode[], names: ReadonlySet<string>): void {
    if (nodes.length === 1 && nodes[0]?.kind === 'group' && isQuery(nodes[0])) {
      return this.query(nodes[0].nodes, names);
    }
    if (!isWord(nodes[0], 'select', 'values'))
      throw new UnreadableSqlError('start with SELECT, INSERT, UPDATE or DELETE');
    const clauses = readClauses(nodes);
    if (indexOfWord(clauses.head, ['into']) < clauses.head.length)
      throw new UnreadableSqlError('use no SELECT INTO');
    this.#requireProven(clauses, [], names);
    this.#expressions(nodes, names);
  }

  #update(nodes: readonly SqlNode[], names: ReadonlySet<string>): void {
    const { source, after } = this.#readTarget(nodes.slice(1));
    if (!isWord(after[0], 'set')) throw new UnreadableSqlError('write UPDATE table SET …');
    const clauses = readClauses(after);
    refuseMove(clauses.head.slice(1));
    this.#requireProven(clauses, [source], names);
    this.#expressions(after, names);
  }

  #delete(nodes: readonly SqlNode[], names: ReadonlySet<string>): void {
    if (!isWord(nodes[1], 'from')) throw new UnreadableSqlError('write DELETE FROM table');
    const { source, after } = this.#readTarget(nodes.slice(2));
    const clauses = readClauses(after);
    if (clauses.head.length > 0 || clauses.from.length > 0)
      throw new UnreadableSqlError('use no USING in DELETE');
    this.#requireProven(clauses, [source], names);
    this.#expressions(after, names);
  }

  #insert(nodes: readonly SqlNode[], names: ReadonlySet<string>): void {
    if (!isWord(nodes[1], 'into'))
      throw new UnreadableSqlError('write INSERT INTO; a conflict is handled by ON CONFLICT');
    const { source, after } = this.#readTarget(nodes.slice(2));
    const [columns] = after;
    const position = columns?.kind === 'group' ? workspacePosition(columns) : -1;
    if (position === -1) throw new UnreadableSqlError('list workspace_id among the inserted columns');
    const conflict = after.findIndex(
      (node, index) => isWord(node, 'on') && isWord(after[index + 1], 'conflict'),
    );
    const returning = indexOfWord(after, ['returning']);
    const rowsEnd = conflict === -1 ? returning : conflict;
    const rows = after.slice(1, rowsEnd);
    requireInsertedWorkspace(rows, position);
    if (isWord(rows[0], 'select')) this.query(rows, names);
    else this.#expressions(rows, names);
    if (conflict !== -1) this.#onConflict(after.slice(conflict + 2, returning), source, names);
    this.#expressions(after.slice(returning), names);
  }

  /** A row that is already there may be another workspace's, unless the conflict is within the workspace. */
  #onConflict(nodes: readonly SqlNode[], source: Source, names: ReadonlySet<string>): void {
    const action = indexOfWord(nodes, ['do']);
    this.#expressions(nodes.slice(nodes[0]?.kind === 'group' ? 1 : 0, action), names);
    if (isWord(nodes[action + 1], 'nothing') && action + 2 === nodes.length) return;
    if (!isWord(nodes[action + 1], 'update') || !isWord(nodes[action + 2], 'set')) {
      throw new UnreadableSqlError('write one ON CONFLICT … DO NOTHING or DO UPDATE SET');
    }
    const clauses = readClauses(nodes.slice(action + 2));
    refuseMove(clauses.head.slice(1));
    if (clauses.from.length > 0) throw new UnreadableSqlError('use no FROM in DO UPDATE');
    const [target] = nodes;
    const within = target?.kind === 'group' && workspacePosition(target) !== -1;
    if (!within) this.#requireProven(clauses, [source], names);
    this.#expressions(nodes.slice(action + 2), names);
  }

  #readTarget(nodes: readonly SqlNode[]): { source: Source; after: readonly SqlNode[] } {
    const [first] = nodes;
    if (first?.kind !== 'word' || !TENANTS.has(first.text)) {
      throw new UnreadableSqlError('change only tables that carry workspace_id');
    }
    // SET and VALUES would be taken for an alias.
    const hasAlias = isWord(nodes[1], 'as');
    const { source } = readSource(nodes.slice(0, hasAlias ? 3 : 1), (name) => name);
    this.#understood += 1;
    return { source, after: nodes.slice(hasAlias ? 3 : 1) };
  }

  #requireProven(clauses: Clauses, targets: readonly Source[], names: ReadonlySet<string>): void {
    const from = readFrom(clauses.from, (name) => this.#resolve(name, names));
    const sources = [...targets, ...from.sources];
    const equalities = [...from.equalities, ...readEqualities(clauses.where, null)];
    const proven = new Map<string, string>();
    const tables = sources.filter((source) => source.table !== null);
    for (const { name, table } of tables) {
      const column = table === 'workspace' ? 'id' : 'workspace_id';
      const owned = TENANTS.has(table ?? '') || table === 'workspace';
      const alone = sources.length === 1;
      if (owned && equalities.some((equality) => bindsWorkspace(equality, name, column, alone))) {
        proven.set(name, table ?? '');
      }
    }
    for (const { name, table } of tables) {
      if (proven.has(name) || isReadThrough(name, table ?? '', equalities, proven)) continue;
      throw new UnreadableSqlError(
        `compare ${name}.workspace_id with :workspace in WHERE or ON, outside of OR and NOT` +
          (table !== null && table in READ_THROUGH ? `, or join ${table} to the table that owns it` : ''),
      );
    }
  }

  #resolve(name: string, names: ReadonlySet<string>): string | null {
    if (names.has(name)) return null;
    if (!ALL_TABLES.has(name)) throw new UnreadableSqlError(`read only the ledger's tables, not \`${name}\``);
    this.#understood += 1;
    return name;
  }

  /** Proves the queries inside expressions, and refuses calls of functions that could read rows by themselves. */
  #expressions(nodes: readonly SqlNode[], names: ReadonlySet<string>): void {
    nodes.forEach((node, index) => {
      const before = nodes[index - 1];
      if (isWord(node, 'in') && nodes[index + 1]?.kind !== 'group')
        throw new UnreadableSqlError('write IN (…)');
      if (node.kind !== 'group') return;
      if (before?.kind === 'word' && ![...FUNCTIONS, ...WORDS_BEFORE_A_GROUP].includes(before.text)) {
        throw new UnreadableSqlError(
          `call no function \`${before.text}\`, or add it to those known to be safe`,
        );
      }
      if (isQuery(node)) this.query(node.nodes, names);
      else this.#expressions(node.nodes, names);
    });
  }
}

interface Clauses {
  head: readonly SqlNode[];
  from: readonly SqlNode[];
  where: readonly SqlNode[];
}

/** Cuts a SELECT, UPDATE or DELETE at its clauses; each may come once and in the order of the grammar. */
function readClauses(nodes: readonly SqlNode[]): Clauses {
  const starts: number[] = [];
  nodes.forEach((node, index) => {
    // IS DISTINCT FROM is an operator.
    if (isWord(node, ...CLAUSES) && !(isWord(node, 'from') && isWord(nodes[index - 1], 'distinct')))
      starts.push(index);
  });
  const clause = (word: string): readonly SqlNode[] => {
    const found = starts.filter((start) => isWord(nodes[start], word));
    const [start] = found;
    if (found.length > 1) throw new UnreadableSqlError(`write ${word.toUpperCase()} once in a query`);
    if (start === undefined) return [];
    return nodes.slice(start + 1, starts.find((other) => other > start) ?? nodes.length);
  };
  const result = {
    head: nodes.slice(0, starts[0] ?? nodes.length),
    from: clause('from'),
    where: clause('where'),
  };
  const where = indexOfWord(nodes, ['where']);
  if (starts.some((start) => start > where && isWord(nodes[start], 'from'))) {
    throw new UnreadableSqlError('write FROM before WHERE');
  }
  return result;
}

function splitQueries(nodes: readonly SqlNode[]): SqlNode[][] {
  return splitBy(nodes, (node) => isWord(node, ...SET_OPERATORS)).map((part) =>
    isWord(part[0], 'all', 'distinct') ? part.slice(1) : part,
  );
}

function bindsWorkspace(equality: Equality, name: string, column: string, alone: boolean): boolean {
  if (equality.onlyFor !== null && equality.onlyFor !== name) return false;
  const isColumn = (operand: Operand): boolean =>
    'column' in operand &&
    operand.column === column &&
    (operand.qualifier === name || (alone && operand.qualifier === null));
  const isParam = (operand: Operand): boolean => 'param' in operand && operand.param === ':workspace';
  const { left, right } = equality;
  return (isColumn(left) && isParam(right)) || (isColumn(right) && isParam(left));
}

function isReadThrough(
  name: string,
  table: string,
  equalities: readonly Equality[],
  proven: ReadonlyMap<string, string>,
): boolean {
  const rule = READ_THROUGH[table];
  if (rule === undefined) return false;
  const isOwn = (operand: Operand): boolean =>
    'column' in operand && operand.qualifier === name && operand.column === rule.column;
  const isParent = (operand: Operand): boolean =>
    'column' in operand &&
    operand.column === rule.parentColumn &&
    proven.get(operand.qualifier ?? '') === rule.parent;
  return equalities.some(
    ({ left, right, onlyFor }) =>
      (onlyFor === null || onlyFor === name) &&
      ((isOwn(left) && isParent(right)) || (isOwn(right) && isParent(left))),
  );
}

function workspacePosition(columns: Group): number {
  return splitBy(columns.nodes, (node) => isSymbol(node, ',')).findIndex(
    (column) => column.length === 1 && isWord(column[0], 'workspace_id'),
  );
}

function requireInsertedWorkspace(rows: readonly SqlNode[], position: number): void {
  const tuples = isWord(rows[0], 'values')
    ? splitBy(rows.slice(1), (node) => isSymbol(node, ',')).map((row) =>
        row.length === 1 && row[0]?.kind === 'group' ? row[0].nodes : [],
      )
    : splitQueries(rows).map(selectList);
  for (const tuple of tuples) {
    const values = splitBy(tuple, (node) => isSymbol(node, ','));
    const value = values[position]?.[0];
    const isBound = value?.kind === 'param' && value.text === ':workspace';
    const isWhole = values[position]?.length === 1 || isWord(values[position]?.[1], 'as');
    const isShifted = values.some((item) => isSymbol(item.at(-1), '*'));
    if (!isBound || !isWhole || isShifted)
      throw new UnreadableSqlError('insert :workspace itself as workspace_id');
  }
}

function selectList(query: readonly SqlNode[]): readonly SqlNode[] {
  if (!isWord(query[0], 'select')) return [];
  return readClauses(query).head.slice(isWord(query[1], 'all', 'distinct') ? 2 : 1);
}

/** A row never changes its workspace. */
function refuseMove(assignments: readonly SqlNode[]): void {
  for (const assignment of splitBy(assignments, (node) => isSymbol(node, ','))) {
    const columns = assignment.slice(
      0,
      assignment.findIndex((node) => isSymbol(node, '=')),
    );
    const words = columns.flatMap((node) => (node.kind === 'group' ? node.nodes : [node]));
    if (words.some((node) => isWord(node, 'workspace_id')))
      throw new UnreadableSqlError('leave workspace_id as it is');
  }
}

function countTables(nodes: readonly SqlNode[]): number {
  let count = 0;
  nodes.forEach((node, index) => {
    if (node.kind === 'group') count += countTables(node.nodes);
    else if (node.kind === 'word' && ALL_TABLES.has(node.text) && !isSymbol(nodes[index + 1], '.'))
      count += 1;
  });
  return count;
}
