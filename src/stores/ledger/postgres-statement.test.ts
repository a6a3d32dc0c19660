import { describe, expect, test } from 'vitest';
import { bindStatement, postgresDefinition } from './postgres-statement.ts';

describe('a portable statement', () => {
  test('has its parameters numbered, each with the type of its value', () => {
    expect(bindStatement('SELECT :a, :b WHERE x = :a AND y = :c', { a: 1, b: 'two', c: 0.5 })).toEqual({
      text: 'SELECT $1::bigint, $2::text WHERE x = $1::bigint AND y = $3::double precision',
      values: [1, 'two', 0.5],
    });
  });

  test('has its nulls written out, as nobody could tell their type', () => {
    expect(bindStatement('SELECT 1 WHERE :a IS NULL OR x = :b', { a: null, b: 2 })).toEqual({
      text: 'SELECT 1 WHERE NULL IS NULL OR x = $1::bigint',
      values: [2],
    });
    expect(bindStatement('SELECT 1 WHERE :a IS NULL OR x = :b', { a: 1, b: null }).values).toEqual([1]);
  });

  test('keeps strings and quoted names as they are', () => {
    const statement = `SELECT ':a -- /* it''s' AS "runId:b", :c`;
    expect(bindStatement(statement, { c: 1 }).text).toBe(`SELECT ':a -- /* it''s' AS "runId:b", $1::bigint`);
  });

  test('gets the words of PostgreSQL out of their comment, and loses other comments', () => {
    const statement = 'SELECT id FROM run /* all */ LIMIT :n /*postgres: FOR UPDATE SKIP LOCKED */ -- end';
    expect(bindStatement(statement, { n: 5 }).text.replaceAll(/\s+/g, ' ').trim()).toBe(
      'SELECT id FROM run LIMIT $1::bigint FOR UPDATE SKIP LOCKED',
    );
  });

  test.each([
    ['SELECT :a', {}, ':a has no value'],
    ['SELECT :a', { a: Number.NaN }, 'no number'],
    ['SELECT :a', { a: 2 ** 60 }, 'no number'],
    ['SELECT 1::text', {}, 'CAST'],
  ])('is refused: %s with %j', (statement, params, message) => {
    expect(() => bindStatement(statement, params)).toThrow(message);
  });
});

test('text columns are ordered by their bytes, and nothing else of a definition changes', () => {
  expect(postgresDefinition('CREATE TABLE t (context text NOT NULL, n bigint)')).toBe(
    'CREATE TABLE t (context text COLLATE "C" NOT NULL, n bigint)',
  );
  expect(postgresDefinition(`UPDATE t SET a = 'text'`)).toBe(`UPDATE t SET a = 'text'`);
});
