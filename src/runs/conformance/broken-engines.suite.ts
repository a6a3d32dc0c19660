import type { Ledger, Sql } from '../../ledger/ledger.ts';
import { unfairEngines } from './fairness.suite.ts';

/** What is broken, the check that must notice it, and how each statement is changed. */
export type BrokenEngine = readonly [string, RegExp, (statement: string) => string];

/** Every engine is broken in the same ways, to show that the suite looks at it. */
export const brokenEngines: readonly BrokenEngine[] = [
  [
    'an append that ignores the epoch',
    /replaced/,
    (sql) =>
      sql
        .replace(
          "status = 'running' AND owner = :owner AND id IN",
          "status = 'running' AND :owner <> '' AND id IN",
        )
        .replace(/SELECT id, epoch, /, 'SELECT id, 1 AS epoch, '),
  ],
  [
    'an append that ignores the order',
    /gap/,
    (sql) => sql.replace(/SELECT id, epoch, CASE[\s\S]*? AS last_seq/, 'SELECT id, epoch, 0 AS last_seq'),
  ],
  [
    'a takeover that leaves the fence',
    /looks again/,
    (sql) => sql.replace('fence = fence + 1', 'fence = fence'),
  ],
  [
    'shared rows that are thrown away',
    /successor finds/,
    (sql) => sql.replace('WHERE EXISTS (SELECT 1 FROM run WHERE id = :runId)', 'WHERE 1 = 0'),
  ],
  [
    'a claim that ignores leases',
    /living lease/,
    (sql) => sql.replace(/\(lease_until <= :now OR lease_until > :now \+ \d+\)/, '(1 = 1)'),
  ],
  [
    'a claim that keeps the epoch',
    /expired one/,
    (sql) => sql.replace(/epoch = epoch \+ 1,(\s+)attempts/, 'epoch = epoch,$1attempts'),
  ],
  [
    'a claim that ignores the subject',
    /one subject/,
    (sql) => sql.replace(/NOT EXISTS \([\s\S]*?candidate\.id\)\)\)/, '1 = 1'),
  ],
  [
    'attempts that are never counted',
    /kills its workers/,
    (sql) => sql.replace('attempts = attempts + 1', 'attempts = 0'),
  ],
  [
    'a run that is put off and pays with an attempt',
    /put off/,
    (sql) =>
      sql.replace('CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, deferral', 'attempts, deferral'),
  ],
  [
    'a compaction that forgets',
    /compaction/,
    (sql) =>
      sql.includes('VALUES (:run_id')
        ? sql.replace(
            'VALUES (:run_id, :seq, :epoch, :type, :payload, :created_at)',
            'SELECT :run_id, :seq, :epoch, :type, :payload, :created_at WHERE 1 = 0',
          )
        : sql,
  ],
  [
    'an idempotency key that is forgotten',
    /idempotency/,
    (sql) =>
      sql
        .replace(
          'ON CONFLICT (workspace_id, kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING',
          '',
        )
        .replace(/:idempotency_key, :result/, 'NULLIF(:idempotency_key, :idempotency_key), :result'),
  ],
  ...unfairEngines,
];

/** The same ledger with its statements changed on their way: a deliberately broken engine. */
export function rewriting(ledger: Ledger, rewrite: (statement: string) => string): Ledger {
  const wrap = (sql: Sql): Sql => ({
    all: (statement, params) => sql.all(rewrite(statement), params),
    get: (statement, params) => sql.get(rewrite(statement), params),
    run: (statement, params) => sql.run(rewrite(statement), params),
  });
  return {
    get continuity() {
      return ledger.continuity;
    },
    read: wrap(ledger.read),
    transaction: (work, options) => ledger.transaction((tx) => work(wrap(tx)), options),
    checkIntegrity: () => ledger.checkIntegrity(),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}
