import { describe, expect, test } from 'vitest';
import { createMemoryChunkIndex } from '../memory-chunk-index.ts';
import type { IndexedChunk } from '../ports.ts';
import { fuse } from './fuse.ts';
import { createSearcher } from './searcher.ts';

const GENERATION = { id: 'g1', dimension: null };
const request = (query: string) => ({ query, vector: null, limit: 5, documentIds: null });

function chunk(
  documentId: string,
  ordinal: number,
  text: string,
  more: Partial<IndexedChunk> = {},
): IndexedChunk {
  const place = { page: null, article: null, start: 0, end: text.length, tokens: text.length };
  return {
    id: `${documentId}#${ordinal}`,
    documentId,
    ordinal,
    text,
    headingPath: [],
    ...place,
    vector: null,
    ...more,
  };
}

async function searcherOver(bases: Record<string, IndexedChunk[]>) {
  const index = createMemoryChunkIndex();
  for (const [base, chunks] of Object.entries(bases)) {
    const documents = Map.groupBy(chunks, ({ documentId }) => documentId);
    await index.replaceDocuments(
      base,
      GENERATION,
      [...documents].map(([documentId, members]) => ({ documentId, chunks: members })),
    );
  }
  const targets = Object.keys(bases).map((knowledgeBaseId) => ({ knowledgeBaseId, generation: GENERATION }));
  const searcher = createSearcher({ index });
  return (query: string) => searcher.search(targets, request(query));
}

describe('ranking', () => {
  test('what answers one of two questions in full comes before what touches on both', async () => {
    const search = await searcherOver({
      kb: [
        chunk('a', 0, '后勤处负责清洗饮水机的滤网。'),
        chunk('b', 0, '水箱装满为40升。'),
        chunk('c', 0, '滤网和水箱都属于饮水机。'),
      ],
    });
    const found = await search('饮水机的滤网由谁清洗？水箱装满多少升？');
    const order = found.map(({ chunk: { id } }) => id);
    expect(order.indexOf('b#0')).toBeLessThan(order.indexOf('c#0'));
  });

  test('the article that the question names comes first', async () => {
    const law = (documentId: string, title: string) =>
      [18, 19, 20].map((number) =>
        chunk(documentId, number, `第${number}条 试用期的期限与工资。`, {
          article: `第${number}条`,
          headingPath: [title],
        }),
      );
    const search = await searcherOver({ kb: [...law('a', '劳动合同法'), ...law('b', '劳动法')] });
    const [first] = await search('《劳动合同法》第十九条 试用期');
    expect(first?.chunk.id).toBe('a#19');
  });

  test('of two passages alike, the one with a figure of the right kind comes first', async () => {
    const search = await searcherOver({
      kb: [chunk('a', 0, '年休假的天数由单位另行公布。'), chunk('b', 0, '年休假的天数由单位定为15天。')],
    });
    const [first] = await search('年休假的天数是几天？');
    expect(first?.chunk.documentId).toBe('b');
  });

  test('coverage tells a passage on the topic from one that shares a word', async () => {
    const search = await searcherOver({
      kb: [chunk('a', 0, '职工产假为九十八天。'), chunk('b', 0, '职工应当佩戴工牌。')],
    });
    const hits = await search('职工产假');
    expect(hits[0]?.coverage).toBeGreaterThan(0.9);
    expect(hits.find((hit) => hit.chunk.documentId === 'b')?.coverage ?? 0).toBeLessThan(0.65);
  });
});

describe('several knowledge bases', () => {
  test('hits are merged by strength and say where they come from', async () => {
    const search = await searcherOver({
      weak: [chunk('a', 0, '食堂每天供应早餐，值班人员凭卡就餐。')],
      strong: [chunk('b', 0, '夜间值班人员每两小时巡查一次机房。')],
    });
    const hits = await search('值班人员多久巡查机房');
    expect(hits.map((hit) => hit.knowledgeBaseId)).toEqual(['strong', 'weak']);
  });

  test('a document that is in both counts once', async () => {
    const same = [chunk('a', 0, '停电应急预案')];
    const search = await searcherOver({ one: same, two: same });
    expect(await search('停电')).toHaveLength(1);
  });
});

test('warming touches every knowledge base and never fails on an empty one', async () => {
  const searcher = createSearcher({ index: createMemoryChunkIndex() });
  await expect(searcher.warm([{ knowledgeBaseId: 'none', generation: GENERATION }])).resolves.toBeUndefined();
  await expect(searcher.warm([])).resolves.toBeUndefined();
});

describe('fusion', () => {
  const evidence = (id: string, lexical: number, similarity: number | null) => ({
    chunk: chunk(id, 0, id),
    lexical,
    coverage: 0,
    similarity,
  });

  test('what both lists place high beats what one of them places first', () => {
    const hits = fuse(
      [evidence('words', 0.9, null), evidence('both', 0.8, 0.9), evidence('sense', 0, 0.95)],
      3,
    );
    expect(hits[0]?.chunk.documentId).toBe('both');
  });

  test('equal scores come out in the order of documents, whatever order they came in', () => {
    const entries = ['c', 'a', 'b'].map((id) => evidence(id, 0.5, null));
    expect(fuse(entries, 3).map((hit) => hit.chunk.documentId)).toEqual(['a', 'b', 'c']);
    expect(fuse(entries.toReversed(), 3).map((hit) => hit.chunk.documentId)).toEqual(['a', 'b', 'c']);
  });

  test('a document with many hits leaves room for a close second', () => {
    const crowd = Array.from({ length: 6 }, (_, ordinal) => ({
      ...evidence('crowd', 0.5, null),
      chunk: chunk('crowd', ordinal, '同'),
    }));
    const order = fuse([...crowd, evidence('other', 0.45, null)], 7).map((hit) => hit.chunk.documentId);
    expect(order.indexOf('other')).toBeLessThan(6);
    expect(order.indexOf('other')).toBeGreaterThan(2);
  });
});
