import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../ledger/schema.ts';
import { LEFT_TABLES, SOURCE_TABLES } from './table-roles.ts';

const STATEMENTS = MIGRATIONS.flatMap(({ statements }) => statements);

/** Of a definition: the columns that stand before PRIMARY KEY, or in its brackets. */
function primaryKeys(): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const statement of STATEMENTS) {
    const name = /^\s*CREATE TABLE (\w+)/.exec(statement)?.[1];
    if (name === undefined) continue;
    const joint = /PRIMARY KEY \(([^)]+)\)/.exec(statement)?.[1]?.split(/,\s*/);
    const single = /(\w+) \w+(?: \w+)? PRIMARY KEY/.exec(statement)?.[1];
    keys.set(name, joint ?? [single ?? '']);
  }
  return keys;
}

describe('the tables of a snapshot', () => {
  it('are all that the schema has, each either taken or left with a reason', () => {
    const decided = [...SOURCE_TABLES.map(({ name }) => name), ...Object.keys(LEFT_TABLES)];
    expect(decided.toSorted()).toEqual([...primaryKeys().keys()].toSorted());
  });

  it('are ordered by their primary keys', () => {
    for (const { name, key } of SOURCE_TABLES) expect([name, key]).toEqual([name, primaryKeys().get(name)]);
  });
});
