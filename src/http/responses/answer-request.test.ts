import { expect, test } from 'vitest';
import { AnswerServer } from '../../../tests/support/answer-server.ts';
import { AttributeFilter } from '../../contract/openai/filters.ts';

test('a filter of very many filters is refused before each of them is looked at', () => {
  const level = (filter: object) => ({ type: 'or', filters: Array.from({ length: 50 }, () => filter) });
  const { error } = AttributeFilter.safeParse(level(level(level({}))));
  expect(error?.issues).toMatchObject([{ path: [], message: 'at most 3000 filters may be combined' }]);
  expect(AttributeFilter.safeParse(level(level({ type: 'eq', key: 'year', value: 1 }))).success).toBe(true);
});

test('a question with a filter that no search takes is refused, and not taken on to fail', async () => {
  await using server = await AnswerServer.start();
  const nested = (depth: number): object =>
    depth === 0 ? { type: 'eq', key: 'year', value: 1 } : { type: 'and', filters: [nested(depth - 1)] };
  for (const filters of [{ type: 'eq', key: 'year', value: [2026] }, nested(12)]) {
    const tools = [{ type: 'file_search', vector_store_ids: ['vs_handbook'], filters }];
    const reply = await server.fetch('/v1/responses', { json: { input: 'How long is leave?', tools } });
    expect([reply.status, await reply.json()]).toMatchObject([400, { error: { code: 'invalid_filter' } }]);
  }
  const runs = await server.ledger.read.all('SELECT id FROM run');
  expect(runs).toEqual([]);
});
