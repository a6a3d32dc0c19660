/** The FROM clause and the conditions that surely hold for every row of a query. */
import {
  type Group,
  indexOfWord,
  isSymbol,
  isWord,
  type SqlNode,
  splitBy,
  UnreadableSqlError,
} from './sql-tokens.ts';

/** What a query reads: a table, or a subquery or common table expression (`table` is null). */
export interface Source {
  name: string;
  table: string | null;
}

/** `left = right`, of which at least one side is a column. */
export interface Equality {
  left: Operand;
  right: Operand;
  /** The only source whose rows the condition filters; null when it filters the whole result. */
  onlyFor: string | null;
}

export type Operand = { qualifier: string | null; column: string } | { param: string };

export interface FromClause {
  sources: Source[];
  equalities: Equality[];
}

const JOIN_WORDS = ['join', 'inner', 'left', 'cross', 'right', 'full', 'natural', 'outer'];
const NOT_AN_ALIAS = new Set([
  ...JOIN_WORDS,
  'on',
  'using',
  'as',
  'lateral',
  'only',
  'tablesample',
  'indexed',
  'not',
]);

/** Reads the sources between FROM and the next clause. `resolve` names the table of a word, or null for a derived one. */
export function readFrom(nodes: readonly SqlNode[], resolve: (name: string) => string | null): FromClause {
  const clause: FromClause = { sources: [], equalities: [] };
  let rest = nodes;
  let outer = false;
  while (rest.length > 0) {
    const { source, after } = readSource(rest, resolve);
    if (clause.sources.some((other) => other.name === source.name)) {
      throw new UnreadableSqlError(`give the second \`${source.name}\` an alias of its own`);
    }
    clause.sources.push(source);
    rest = readJoinCondition(after, outer, source, clause);
    if (rest.length === 0) break;
    ({ rest, outer } = readJoinWords(rest));
    if (rest.length === 0) throw new UnreadableSqlError('name what is joined');
  }
  return clause;
}

export function readSource(
  nodes: readonly SqlNode[],
  resolve: (name: string) => string | null,
): { source: Source; after: readonly SqlNode[] } {
  const [first] = nodes;
  let table: string | null = null;
  let name = '';
  let next = 1;
  if (first?.kind === 'group') {
    if (!isQuery(first)) throw new UnreadableSqlError('join without parentheses');
  } else if (first?.kind === 'word' && !NOT_AN_ALIAS.has(first.text)) {
    name = first.text;
    table = resolve(name);
  } else {
    throw new UnreadableSqlError('name a table after FROM, JOIN, UPDATE or INTO');
  }
  if (isSymbol(nodes[1], '.')) throw new UnreadableSqlError('name tables without their schema');
  if (isWord(nodes[next], 'as')) next += 1;
  const alias = nodes[next];
  if (alias?.kind === 'word' && !NOT_AN_ALIAS.has(alias.text)) {
    name = alias.text;
    next += 1;
  }
  return { source: { name, table }, after: nodes.slice(next) };
}

function readJoinCondition(
  nodes: readonly SqlNode[],
  outer: boolean,
  source: Source,
  clause: FromClause,
): readonly SqlNode[] {
  if (isWord(nodes[0], 'using')) return nodes.slice(2);
  if (!isWord(nodes[0], 'on')) {
    if (outer) throw new UnreadableSqlError('give the LEFT JOIN its ON at once');
    return nodes;
  }
  let end = indexOfWord(nodes, JOIN_WORDS);
  const comma = nodes.findIndex((node) => isSymbol(node, ','));
  if (comma !== -1) end = Math.min(end, comma);
  const condition = nodes.slice(1, end);
  if (indexOfWord(condition, ['on', 'using']) < condition.length) {
    throw new UnreadableSqlError('give each JOIN its own ON at once');
  }
  clause.equalities.push(...readEqualities(condition, outer ? source.name : null));
  return nodes.slice(end);
}

function readJoinWords(nodes: readonly SqlNode[]): { rest: readonly SqlNode[]; outer: boolean } {
  if (isSymbol(nodes[0], ',')) return { rest: nodes.slice(1), outer: false };
  const join = indexOfWord(nodes, ['join']);
  const words = nodes.slice(0, join).map((node) => (node.kind === 'word' ? node.text : '?'));
  if (!['', 'inner', 'cross', 'left', 'left outer'].includes(words.join(' ')) || join === nodes.length) {
    throw new UnreadableSqlError('use commas, JOIN, CROSS JOIN or LEFT JOIN between tables');
  }
  return { rest: nodes.slice(join + 1), outer: words[0] === 'left' };
}

/** The equalities among the conjuncts of a condition: what must hold whatever the other parts say. */
export function readEqualities(condition: readonly SqlNode[], onlyFor: string | null): Equality[] {
  const equalities: Equality[] = [];
  for (const conjunct of splitConjuncts(condition)) {
    const sides = splitBy(conjunct, (node) => isSymbol(node, '='));
    const left = readOperand(sides[0] ?? []);
    const right = readOperand(sides[1] ?? []);
    if (sides.length === 2 && left !== null && right !== null) equalities.push({ left, right, onlyFor });
  }
  return equalities;
}

/** Splits at the ANDs of this level; nothing is certain about the parts of an OR. */
function splitConjuncts(condition: readonly SqlNode[]): SqlNode[][] {
  const conjuncts: SqlNode[][] = [[]];
  let cases = 0;
  let betweens = 0;
  for (const node of condition) {
    if (isWord(node, 'case')) cases += 1;
    else if (isWord(node, 'end')) cases -= 1;
    if (cases < 0) throw new UnreadableSqlError('use END only after CASE');
    if (cases === 0 && isWord(node, 'or')) return [];
    if (cases === 0 && isWord(node, 'between')) betweens += 1;
    if (cases > 0 || !isWord(node, 'and')) conjuncts.at(-1)?.push(node);
    else if (betweens > 0) {
      betweens -= 1;
      conjuncts.at(-1)?.push(node);
    } else conjuncts.push([]);
  }
  return conjuncts;
}

function readOperand(nodes: readonly SqlNode[]): Operand | null {
  const [first, dot, last] = nodes;
  if (nodes.length === 1 && first?.kind === 'param') return { param: first.text };
  if (nodes.length === 1 && first?.kind === 'word') return { qualifier: null, column: first.text };
  if (nodes.length === 3 && first?.kind === 'word' && isSymbol(dot, '.') && last?.kind === 'word') {
    return { qualifier: first.text, column: last.text };
  }
  return null;
}

export function isQuery(group: Group): boolean {
  return isWord(group.nodes[0], 'select', 'with', 'values', 'insert', 'update', 'delete');
}
