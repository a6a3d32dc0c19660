import type { SqlParams, SqlValue } from '../../ledger/ledger.ts';

/** Bounds what is remembered of statements whose text is put together at run time. */
const MAX_REMEMBERED_STATEMENTS = 2_000;

/** What must not be searched for parameters, the comments that carry PostgreSQL's own words, and the parameters. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\/\*postgres:(?<own>[\s\S]*?)\*\/|(?<comment>\/\*[\s\S]*?\*\/|--[^\n]*)|(?<cast>::)|:(?<param>[A-Za-z_][A-Za-z0-9_]*)/g;

/** A statement as PostgreSQL reads it, with the values in the order of its `$n`. */
export interface BoundStatement {
  text: string;
  values: (string | number)[];
}

/** Portable SQL, read once: text at even places, names of parameters at odd ones. */
class PortableStatement {
  readonly #parts: readonly string[];
  readonly #names: readonly string[];
  readonly #variants = new Map<string, string>();

  constructor(statement: string) {
    this.#parts = splitAtParams(statement);
    this.#names = [...new Set(this.#parts.filter((_, index) => index % 2 === 1))];
  }

  bind(params: SqlParams): BoundStatement {
    const types = this.#names.map((name) => typeOf(name, params[name]));
    const signature = types.join();
    let text = this.#variants.get(signature);
    if (text === undefined) {
      text = this.#write(types);
      this.#variants.set(signature, text);
    }
    return { text, values: this.#names.map((name) => params[name]).filter(isPresent) };
  }

  /**
   * Each parameter says its type: PostgreSQL would guess it from the first place where it stands, `integer` beside a
   * small number, and refuse to guess beside IS NULL. A null fits everywhere only as the word itself.
   */
  #write(types: readonly SqlType[]): string {
    const written = new Map<string, string>();
    let count = 0;
    for (const [index, name] of this.#names.entries()) {
      const type = types[index];
      written.set(name, type === 'null' ? 'NULL' : `$${++count}::${type}`);
    }
    return this.#parts.map((part, index) => (index % 2 === 1 ? written.get(part) : part)).join('');
  }
}

type SqlType = 'null' | 'text' | 'bigint' | 'double precision';

const remembered = new Map<string, PortableStatement>();

/** @throws Error for a parameter that is missing or that no column can hold */
export function bindStatement(statement: string, params: SqlParams = {}): BoundStatement {
  let portable = remembered.get(statement);
  if (portable === undefined) {
    if (remembered.size >= MAX_REMEMBERED_STATEMENTS) remembered.clear();
    portable = new PortableStatement(statement);
    remembered.set(statement, portable);
  }
  return portable.bind(params);
}

/** Text is compared and sorted by its bytes as in SQLite, and no update of a system's locales disorders an index. */
export function postgresDefinition(statement: string): string {
  return /^\s*(?:CREATE\s+TABLE|ALTER\s+TABLE)\b/i.test(statement)
    ? statement.replaceAll(/\btext\b/gi, 'text COLLATE "C"')
    : statement;
}

function splitAtParams(statement: string): string[] {
  const parts = [''];
  let end = 0;
  for (const match of statement.matchAll(TOKEN)) {
    const { own, comment, cast, param } = match.groups ?? {};
    if (cast !== undefined) throw new Error(`write CAST instead of :: in portable SQL: ${statement}`);
    let text = statement.slice(end, match.index);
    end = match.index + match[0].length;
    if (own !== undefined) text += own;
    else if (comment !== undefined) text += ' ';
    else if (param === undefined) text += match[0];
    parts[parts.length - 1] += text;
    if (param !== undefined) parts.push(param, '');
  }
  parts[parts.length - 1] += statement.slice(end);
  return parts;
}

function typeOf(name: string, value: SqlValue | undefined): SqlType {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  if (typeof value !== 'number') throw new Error(`parameter :${name} has no value`);
  if (Number.isSafeInteger(value)) return 'bigint';
  if (Number.isInteger(value) || !Number.isFinite(value)) {
    throw new RangeError(`parameter :${name} is no number that the ledger can hold: ${value}`);
  }
  return 'double precision';
}

function isPresent(value: SqlValue | undefined): value is string | number {
  return value !== null && value !== undefined;
}
