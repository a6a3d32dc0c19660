import { describe, expect, test } from 'vitest';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { scopeLedger, scopeSql } from './scope.ts';

const nothing = { all: async () => [], get: async () => undefined, run: async () => ({ changes: 0 }) };
const scoped = scopeSql(nothing, 'ws_1');

const PROVEN: Record<string, string> = {
  'one table, unqualified': 'SELECT * FROM document WHERE workspace_id = :workspace AND id = :id',
  'reversed comparison':
    'SELECT * FROM document d WHERE :workspace = d.workspace_id ORDER BY created_at LIMIT 5',
  'inner join bound on both sides': `SELECT k.*, d.filename FROM knowledge_base_document k
    JOIN document d ON d.id = k.document_id AND d.workspace_id = :workspace WHERE k.workspace_id = :workspace`,
  'left join bound in its ON': `SELECT c.id, (SELECT count(*) FROM conversation_item i
      WHERE i.workspace_id = :workspace AND i.conversation_id = c.id) AS items, f.rating
    FROM conversation c LEFT JOIN feedback f ON f.run_id = c.id AND f.workspace_id = :workspace
    WHERE c.workspace_id = :workspace AND (c.title LIKE :q ESCAPE '\\' OR c.id IN (:a, :b))`,
  'between and case do not confuse': `SELECT id FROM document WHERE created_at BETWEEN :a AND :b
    AND workspace_id = :workspace AND CASE WHEN bytes > 1 OR bytes < 0 THEN 1 ELSE 0 END = 1`,
  'common table expression': `WITH recent AS (SELECT id FROM run WHERE workspace_id = :workspace)
    SELECT recent.id FROM recent WHERE recent.id > :after`,
  'union of bound queries': `SELECT id FROM run WHERE workspace_id = :workspace
    UNION ALL SELECT id FROM document WHERE workspace_id = :workspace`,
  'events through their run': `SELECT e.seq FROM event e JOIN run r ON r.id = e.run_id
    WHERE r.workspace_id = :workspace AND e.seq > :after`,
  'accounts through their membership': `SELECT a.id, m.role FROM membership m JOIN account a ON a.id = m.account_id
    WHERE m.workspace_id = :workspace`,
  'the workspace itself': 'SELECT name FROM workspace WHERE id = :workspace',
  insert:
    'INSERT INTO file_batch (id, workspace_id, created_at) VALUES (:id, :workspace, :now), (:b, :workspace, 1)',
  'insert from a bound query': `INSERT INTO file_batch (id, workspace_id) SELECT d.id, :workspace FROM document d
    WHERE d.workspace_id = :workspace RETURNING id`,
  'insert or ignore': `INSERT INTO run (id, workspace_id) VALUES (:id, :workspace)
    ON CONFLICT (workspace_id, kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`,
  'upsert within the workspace': `INSERT INTO membership (workspace_id, account_id, role) VALUES (:workspace, :a, :r)
    ON CONFLICT (workspace_id, account_id) DO UPDATE SET role = excluded.role`,
  'upsert that checks the row it meets': `INSERT INTO document (id, workspace_id) VALUES (:id, :workspace)
    ON CONFLICT (id) DO UPDATE SET filename = excluded.filename WHERE document.workspace_id = :workspace RETURNING *`,
  update:
    'UPDATE document SET deleted_at = :now, filename = coalesce(:f, filename) WHERE workspace_id = :workspace RETURNING id',
  'update from another table': `UPDATE run AS r SET priority = 1 FROM document d
    WHERE r.workspace_id = :workspace AND d.workspace_id = :workspace AND d.id = r.subject_id`,
  delete: 'DELETE FROM feedback WHERE run_id = :run AND workspace_id = :workspace',
  'no table at all': 'SELECT 1 AS one',
  'row lock':
    'SELECT * FROM document WHERE workspace_id = :workspace /*postgres: FOR UPDATE OF document SKIP LOCKED */',
};

const SMUGGLED: Record<string, string> = {
  'no workspace': 'SELECT * FROM document WHERE id = :id',
  'another parameter': 'SELECT * FROM document WHERE workspace_id = :workspace2',
  inequality: 'SELECT * FROM document WHERE workspace_id >= :workspace',
  'a comparison of a comparison': 'SELECT * FROM document WHERE workspace_id = :workspace = 0',
  'OR beside it': 'SELECT * FROM document WHERE workspace_id = :workspace OR 1 = 1',
  'OR after AND': 'SELECT * FROM document WHERE workspace_id = :workspace AND id = :id OR id = :b',
  negation: 'SELECT * FROM document WHERE NOT workspace_id = :workspace',
  'inside BETWEEN': 'SELECT * FROM document WHERE id BETWEEN 1 AND workspace_id = :workspace',
  'inside CASE':
    'SELECT * FROM document WHERE CASE WHEN 1 = 1 AND workspace_id = :workspace AND 1 = 1 THEN 1 ELSE 1 END',
  'comma join': 'SELECT * FROM run, document WHERE run.workspace_id = :workspace',
  'comma join, unqualified': 'SELECT * FROM run r, document d WHERE workspace_id = :workspace',
  'comparison counted twice for one table': `SELECT * FROM run r JOIN document d ON d.id = r.subject_id
    WHERE r.workspace_id = :workspace AND r.workspace_id = :workspace`,
  'left table bound only in the ON of a left join': `SELECT * FROM document d
    LEFT JOIN feedback f ON d.workspace_id = :workspace AND f.workspace_id = :workspace`,
  'right join':
    'SELECT * FROM run r RIGHT JOIN document d ON r.workspace_id = :workspace AND d.workspace_id = :workspace',
  'natural join':
    'SELECT * FROM run r NATURAL JOIN document d WHERE r.workspace_id = :workspace AND d.workspace_id = :workspace',
  'nested join conditions': `SELECT * FROM run r LEFT JOIN feedback f JOIN document d ON d.workspace_id = :workspace
    ON f.workspace_id = :workspace WHERE r.workspace_id = :workspace`,
  'parenthesised join':
    'SELECT * FROM (run r JOIN document d) WHERE r.workspace_id = :workspace AND d.workspace_id = :workspace',
  'alias of an outer query': `SELECT * FROM document d WHERE d.workspace_id = :workspace
    AND EXISTS (SELECT 1 FROM run r WHERE d.workspace_id = :workspace)`,
  'table name that an alias hides': `SELECT * FROM document WHERE workspace_id = :workspace
    AND id IN (SELECT d.id FROM document d WHERE document.workspace_id = :workspace)`,
  'subquery in WHERE':
    'SELECT * FROM document WHERE workspace_id = :workspace AND id IN (SELECT subject_id FROM run)',
  'subquery in the select list':
    'SELECT (SELECT max(text) FROM (SELECT filename AS text FROM document)) AS x',
  'subquery in FROM': 'SELECT * FROM (SELECT * FROM document) x WHERE x.workspace_id = :workspace OR 1 = 1',
  'subquery in RETURNING':
    'DELETE FROM run WHERE workspace_id = :workspace RETURNING (SELECT max(filename) FROM document)',
  'subquery in ORDER BY': 'SELECT 1 AS one ORDER BY (SELECT count(*) FROM document)',
  'subquery in a function': 'SELECT coalesce((SELECT max(filename) FROM document), 1) AS x',
  'bare table after IN': 'SELECT id FROM run WHERE workspace_id = :workspace AND subject_id IN document',
  'TABLE command': 'SELECT id FROM run WHERE workspace_id = :workspace UNION TABLE document',
  'common table expression':
    'WITH x AS (SELECT * FROM document) SELECT * FROM x WHERE x.workspace_id = :workspace OR 1 = 1',
  'common table expression in the name of a table': `WITH document AS (SELECT * FROM document)
    SELECT * FROM document WHERE workspace_id = :workspace`,
  'second half of a union':
    'SELECT id FROM run WHERE workspace_id = :workspace UNION SELECT id FROM document',
  'upper case': 'SELECT * FROM DOCUMENT WHERE ID = :id',
  'quoted name': 'SELECT * FROM "document" WHERE id = :id',
  backticks: 'SELECT * FROM `document` WHERE id = :id',
  brackets: 'SELECT * FROM [document] WHERE id = :id',
  'schema-qualified name': 'SELECT * FROM main.document WHERE workspace_id = :workspace',
  'line comment': 'SELECT * FROM document -- WHERE workspace_id = :workspace',
  'block comment': 'SELECT * FROM document /* WHERE workspace_id = :workspace */ WHERE id = :id',
  'comment between': 'SELECT * FROM/**/document WHERE id = :id',
  'words of one engine': 'SELECT * FROM document WHERE workspace_id = :workspace /*postgres: OR 1 = 1 */',
  'words behind a lock':
    'SELECT * FROM document WHERE workspace_id = :workspace /*postgres: FOR UPDATE; DELETE FROM document */',
  'string that looks like the binding':
    "SELECT * FROM document WHERE filename = 'x AND workspace_id = :workspace AND '",
  'escaped string': "SELECT * FROM document WHERE filename = E'\\' AND workspace_id = :workspace AND '",
  'second statement': 'SELECT 1 AS one; SELECT * FROM document',
  'unknown table': 'SELECT * FROM sqlite_master',
  'events by themselves': 'SELECT * FROM event WHERE run_id = :id',
  'events beside a run of the workspace': 'SELECT e.* FROM event e JOIN run r ON r.workspace_id = :workspace',
  'events left-joined to their run': `SELECT e.* FROM event e
    LEFT JOIN run r ON r.id = e.run_id AND r.workspace_id = :workspace`,
  'accounts by themselves': 'SELECT password_hash FROM account',
  sessions: 'SELECT * FROM sign_in_session WHERE id = :workspace',
  settings: 'SELECT * FROM setting',
  'table function': "SELECT * FROM pragma_table_info('document')",
  'function that runs SQL': "SELECT query_to_xml('SELECT * FROM document', 1, 0, '') AS x",
  'update without workspace': 'UPDATE document SET deleted_at = 1 WHERE id = :id',
  'update … from': 'UPDATE run SET priority = d.bytes FROM document d WHERE run.workspace_id = :workspace',
  'update or replace': 'UPDATE OR REPLACE document SET id = :id WHERE workspace_id = :workspace',
  'update that moves a row': 'UPDATE document SET workspace_id = :other WHERE workspace_id = :workspace',
  'update that moves a row as a tuple':
    'UPDATE document SET (id, workspace_id) = (:a, :b) WHERE workspace_id = :workspace',
  'delete without workspace': 'DELETE FROM document WHERE id = :id',
  'delete using': 'DELETE FROM document USING run WHERE document.workspace_id = :workspace',
  'delete of an account': 'DELETE FROM account WHERE id = :id',
  'insert for another workspace': 'INSERT INTO document (id, workspace_id) VALUES (:workspace, :other)',
  'insert without workspace': 'INSERT INTO document (id) VALUES (:workspace)',
  'insert without columns': 'INSERT INTO document VALUES (:id, :workspace)',
  'insert of a second row elsewhere':
    'INSERT INTO document (id, workspace_id) VALUES (:a, :workspace), (:b, :other)',
  'insert … select of other rows': 'INSERT INTO document (id, workspace_id) SELECT id, :workspace FROM run',
  'insert … select with shifted columns': `INSERT INTO document (id, workspace_id) SELECT r.*, :workspace FROM run r
    WHERE r.workspace_id = :workspace`,
  'insert or replace': 'INSERT OR REPLACE INTO document (id, workspace_id) VALUES (:id, :workspace)',
  replace: 'REPLACE INTO document (id, workspace_id) VALUES (:id, :workspace)',
  'upsert that overwrites a row of others': `INSERT INTO document (id, workspace_id) VALUES (:id, :workspace)
    ON CONFLICT (id) DO UPDATE SET filename = excluded.filename`,
  'upsert that checks only the new row': `INSERT INTO document (id, workspace_id) VALUES (:id, :workspace)
    ON CONFLICT (id) DO UPDATE SET filename = 'x' WHERE excluded.workspace_id = :workspace`,
  'upsert that moves a row': `INSERT INTO membership (workspace_id, account_id) VALUES (:workspace, :a)
    ON CONFLICT (workspace_id, account_id) DO UPDATE SET workspace_id = :other`,
  'alias in the name of a table':
    'SELECT document.id FROM run AS document WHERE document.workspace_id = :workspace',
  'table named by a lock': 'SELECT id FROM run WHERE workspace_id = :workspace FOR UPDATE OF document',
  pragma: 'PRAGMA writable_schema = 1',
  attach: "ATTACH 'x' AS y",
  'drop table': 'DROP TABLE document',
};

describe('a statement of one workspace', () => {
  test.each(Object.entries(PROVEN))('runs when it is proven: %s', async (_, statement) => {
    await expect(scoped.all(statement)).resolves.toEqual([]);
  });

  test.each(Object.entries(SMUGGLED))('is refused when it could reach others: %s', async (_, statement) => {
    await expect(scoped.all(statement)).rejects.toMatchObject({ code: 'scope_missing' });
    // A refusal is not remembered as a proof.
    await expect(scoped.run(statement)).rejects.toMatchObject({ code: 'scope_missing' });
  });

  test.each(['workspace', ':workspace', '$workspace', '@workspace'])(
    'cannot bind %s itself',
    async (name) => {
      const statement = 'SELECT * FROM document WHERE workspace_id = :workspace';
      await expect(scoped.get(statement, { [name]: 'ws_2' })).rejects.toMatchObject({
        code: 'scope_missing',
      });
    },
  );

  test('is understood by the engine just as the proof reads it', async () => {
    await using ledger = await openSqliteLedger({ path: ':memory:' });
    const own = scopeLedger(ledger, 'ws_1');
    for (const statement of Object.values(PROVEN)) {
      const names = [...statement.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
      const params = Object.fromEntries(
        names.filter((name) => name !== 'workspace').map((name) => [name, null]),
      );
      const outcome = await own
        .transaction((tx) => tx.all(statement, params))
        .then(
          () => 'ran',
          (error: Error) => error.message,
        );
      expect(outcome).toMatch(/^ran$|constraint failed/);
    }
  });
});
