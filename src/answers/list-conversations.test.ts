import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ScopedSql, scopeSql } from '../ledger/scope.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { appendItems } from './conversation-items.ts';
import { createConversation } from './conversations.ts';
import { listConversations } from './list-conversations.ts';

const OWNER = 'user_ann';
const COUNT = 120;

test('a search in many conversations finds titles and texts, newest first, with few statements', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'budao-search-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const ledger = cleanup.use(await openSqliteLedger({ path: join(folder, 'ledger.db') }));
  await ledger.transaction(async (tx) => {
    const own = scopeSql(tx, 'ws_test');
    for (let at = 0; at < COUNT; at++) {
      const title = at === 100 ? 'Annual leave' : `Conversation ${at}`;
      const { id } = await createConversation(own, { ownerId: OWNER, metadata: {}, title }, at);
      const text = at === 3 || at === 60 ? 'How much LEAVE is there?' : 'What else is there?';
      await appendItems(own, id, [{ id: `msg_${at}`, role: 'user', text, runId: null }], at);
    }
  });
  let statements = 0;
  const sql = scopeSql(ledger.read, 'ws_test');
  const counting: ScopedSql = {
    ...sql,
    get: (...args) => sql.get(...args),
    all: (...args) => {
      statements += 1;
      return sql.all(...args);
    },
  };
  const search = async (query: string, limit: number) => {
    statements = 0;
    const page = { ownerId: OWNER, limit, after: null, query };
    return (await listConversations(counting, page)).map(({ updatedAt }) => updatedAt);
  };
  expect(await search('leave', 20)).toEqual([100, 60, 3]);
  expect(await search('leave', 2)).toEqual([100, 60]);
  expect(await search('nothing of the kind', 20)).toEqual([]);
  expect(statements).toBeLessThan(10);
});
