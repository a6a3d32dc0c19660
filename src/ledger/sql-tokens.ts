/** Tokens of the portable SQL that the program writes; what two engines could read differently is refused. */
export interface Token {
  kind: 'word' | 'param' | 'literal' | 'symbol';
  /** Words in lower case, as SQL compares them. */
  text: string;
}

export interface Group {
  kind: 'group';
  nodes: readonly SqlNode[];
}

export type SqlNode = Token | Group;

/** A statement that cannot be read with certainty. */
export class UnreadableSqlError extends Error {}

/** A row lock in the words of one engine, a comment to the other, counts as a space: it reaches no other row. */
const TOKEN =
  /(?<space>\s+|\/\*postgres: FOR (?:UPDATE|SHARE)(?: OF [a-z_]+)?(?: SKIP LOCKED)? \*\/)|(?<comment>--|\/\*)|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<param>:[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>'(?:[^']|'')*')|(?<symbol><=|>=|<>|!=|\|\||[=<>+\-*/%,.()])/uy;

/** The statement as a tree in which every pair of parentheses is one group. */
export function readSql(statement: string): readonly SqlNode[] {
  const stack: SqlNode[][] = [[]];
  let previousWordEnd = -1;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < statement.length) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(statement)?.groups;
    if (groups === undefined) {
      throw new UnreadableSqlError(`write it without \`${statement.slice(start, start + 12)}\``);
    }
    if (groups.comment !== undefined) throw new UnreadableSqlError('put comments outside the statement');
    // E'…' and its kin have other escapes than plain strings.
    if (groups.string !== undefined && previousWordEnd === start) {
      throw new UnreadableSqlError('put a space before a string');
    }
    if (groups.word !== undefined) previousWordEnd = TOKEN.lastIndex;
    place(stack, groups);
  }
  const [root] = stack;
  if (stack.length !== 1 || root === undefined) throw new UnreadableSqlError('close every parenthesis');
  return root;
}

function place(stack: SqlNode[][], groups: Record<string, string | undefined>): void {
  const level = stack.at(-1) as SqlNode[];
  if (groups.symbol === '(') {
    stack.push([]);
  } else if (groups.symbol === ')') {
    const outer = stack.at(-2);
    if (outer === undefined) throw new UnreadableSqlError('open every parenthesis that is closed');
    stack.pop();
    outer.push({ kind: 'group', nodes: level });
  } else if (groups.word !== undefined) {
    level.push({ kind: 'word', text: groups.word.toLowerCase() });
  } else if (groups.param !== undefined) {
    level.push({ kind: 'param', text: groups.param });
  } else if (groups.symbol !== undefined) {
    level.push({ kind: 'symbol', text: groups.symbol });
  } else if (groups.space === undefined) {
    level.push({ kind: 'literal', text: groups.number ?? groups.string ?? '' });
  }
}

export function isWord(node: SqlNode | undefined, ...words: readonly string[]): boolean {
  return node?.kind === 'word' && (words.length === 0 || words.includes(node.text));
}

export function isSymbol(node: SqlNode | undefined, symbol: string): boolean {
  return node?.kind === 'symbol' && node.text === symbol;
}

/** Where the first of `words` stands at this level, or the end. */
export function indexOfWord(nodes: readonly SqlNode[], words: readonly string[], from = 0): number {
  for (let index = from; index < nodes.length; index++) {
    if (isWord(nodes[index], ...words)) return index;
  }
  return nodes.length;
}

export function splitBy(nodes: readonly SqlNode[], isSeparator: (node: SqlNode) => boolean): SqlNode[][] {
  const parts: SqlNode[][] = [[]];
  for (const node of nodes) {
    if (isSeparator(node)) parts.push([]);
    else parts.at(-1)?.push(node);
  }
  return parts;
}
