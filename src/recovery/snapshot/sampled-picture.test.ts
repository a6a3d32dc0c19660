import { expect, test } from 'vitest';
import type { LedgerPicture } from '../ports.ts';
import type { Row } from '../tables/row-pieces.ts';
import { sampledPicture } from './sampled-picture.ts';

const TABLES: Record<string, Row[]> = {
  document: ['a', 'b', 'c', 'd', 'e'].map((id, index) => ({
    id,
    bytes: 10,
    created_at: index,
    deleted_at: id === 'e' ? 1 : null,
  })),
  knowledge_base_document: [
    ...['a', 'b', 'c', 'e'].map((id) => ({ knowledge_base_id: 'one', document_id: id, status: 'completed' })),
    { knowledge_base_id: 'two', document_id: 'd', status: 'completed' },
    { knowledge_base_id: 'two', document_id: 'a', status: 'failed' },
  ],
  account: [{ id: 'user' }],
};

function picture(): LedgerPicture {
  return {
    engine: 'sqlite',
    schemaVersion: 1,
    async *rows(table) {
      yield* TABLES[table] ?? [];
    },
    async [Symbol.asyncDispose]() {},
  };
}

test.each([
  ['the newest of each knowledge base', { documentsPerBase: 2, maxBytes: 1_000 }, ['b', 'c', 'd']],
  ['no more than fit, of each base in turn', { documentsPerBase: 2, maxBytes: 20 }, ['c', 'd']],
  ['none at all', { documentsPerBase: 0, maxBytes: 0 }, []],
])('a sampled picture holds %s, and every row of other tables', async (_, size, expected) => {
  await using sampled = await sampledPicture(picture(), size);
  const ids = async (table: string, column: string): Promise<unknown[]> =>
    (await Array.fromAsync(sampled.rows(table))).map((row) => row[column]);
  expect(await ids('document', 'id')).toEqual(expected);
  expect(new Set(await ids('knowledge_base_document', 'document_id'))).toEqual(new Set(expected));
  expect(await ids('account', 'id')).toEqual(['user']);
});
