/** What every ChunkIndex must do, as a list of named checks; each gets a fresh, empty index. */
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import type { ChunkIndex, IndexedChunk, IndexGeneration, SearchHit } from './ports.ts';

/** A fresh index on storage of its own. */
export interface FreshIndex extends AsyncDisposable {
  index: ChunkIndex;
  /** An independent handle on the same storage, as another process would have it. */
  another(): Promise<ChunkIndex>;
}

export interface ChunkIndexCheck {
  name: string;
  run(fresh: FreshIndex): Promise<void>;
}

const KB = 'kb_1';
const LEXICAL: IndexGeneration = { id: 'g1', dimension: null };
const VECTOR: IndexGeneration = { id: 'v1', dimension: 3 };

export const chunkIndexChecks: ChunkIndexCheck[] = [
  {
    name: 'a found chunk comes back with every field as it was put in',
    async run({ index }) {
      const chunk: IndexedChunk = {
        ...textChunk('doc', 0, '累计工作已满十年的，年休假十天。'),
        headingPath: ['休假条例', '第一章'],
        page: 7,
        article: '第三条',
        start: 12,
        end: 99,
        tokens: 16,
      };
      await put(index, 'doc', [chunk, textChunk('doc', 1, '没有页码的段落')]);
      const { vector: _, ...expected } = chunk;
      const [first] = await find(index, '年休假十天');
      assert.deepEqual(first?.chunk, expected);
      const [plain] = await find(index, '没有页码');
      assert.equal(plain?.chunk.page, null);
      assert.equal(plain.chunk.article, null);
    },
  },
  {
    name: 'another way to write the same words finds the same chunk',
    async run({ index }) {
      await put(index, 'doc', [textChunk('doc', 0, '劳动合同期满30日前通知，VPN 账号停用')]);
      for (const query of ['勞動合同', 'ｖｐｎ', '三十日', '30天']) {
        assert.equal((await find(index, query)).length, 1, query);
      }
    },
  },
  {
    name: 'a replaced document is found by its new text alone, and others stay',
    async run({ index }) {
      await put(index, 'a', [textChunk('a', 0, '旧的报销标准'), textChunk('a', 1, '旧的附件清单')]);
      await put(index, 'b', [textChunk('b', 0, '采购审批流程')]);
      await put(index, 'a', [textChunk('a', 0, '新的考勤制度')]);
      assert.equal((await find(index, '报销标准')).length, 0);
      assert.equal((await find(index, '附件清单')).length, 0);
      assert.deepEqual(ids(await find(index, '考勤制度')), ['a#0']);
      assert.deepEqual(ids(await find(index, '采购审批')), ['b#0']);
    },
  },
  {
    name: 'a document replaced by nothing is gone',
    async run({ index }) {
      await put(index, 'a', [textChunk('a', 0, '值班安排')]);
      await put(index, 'a', []);
      assert.equal((await find(index, '值班安排')).length, 0);
      assert.equal((await index.inventory(KB, LEXICAL)).size, 0);
    },
  },
  {
    name: 'a reader with a handle of its own never sees a document missing, doubled or half replaced',
    async run({ index, another }) {
      const version = (word: string) =>
        ['a', 'b'].map((id) => ({
          documentId: id,
          chunks: [0, 1, 2].map((ordinal) => textChunk(id, ordinal, `共同标记 ${word}`)),
        }));
      await index.replaceDocuments(KB, LEXICAL, version('v0'));
      const reader = await another();
      const writer = { done: false };
      const watch = async () => {
        while (!writer.done) {
          const hits = await reader.search(KB, LEXICAL, { ...request('共同标记'), limit: 50 });
          const texts = new Set(hits.map((hit) => hit.chunk.text));
          assert.equal(hits.length, 6, `a search saw ${hits.length} of 6 chunks`);
          assert.equal(texts.size, 1, `a search saw versions ${[...texts].join(' and ')} together`);
        }
      };
      const write = async () => {
        try {
          for (let round = 1; round <= 8; round += 1) {
            await index.replaceDocuments(KB, LEXICAL, version(`v${round}`));
          }
        } finally {
          writer.done = true;
        }
      };
      await Promise.all([watch(), write()]);
      await reader[Symbol.asyncDispose]();
    },
  },
  {
    name: 'removal is visible at once to every handle',
    async run({ index, another }) {
      await put(index, 'a', [textChunk('a', 0, '密码策略')]);
      await put(index, 'b', [textChunk('b', 0, '密码重置')]);
      const reader = await another();
      assert.equal((await find(reader, '密码')).length, 2);
      await index.removeDocuments(KB, LEXICAL, ['a']);
      assert.deepEqual(ids(await find(reader, '密码')), ['b#0']);
      assert.deepEqual(ids(await find(index, '密码')), ['b#0']);
      await reader[Symbol.asyncDispose]();
    },
  },
  {
    name: 'a filter by documents reaches hits that better ones of other documents would push out',
    async run({ index }) {
      const crowd = Array.from({ length: 300 }, (_, ordinal) =>
        textChunk('crowd', ordinal, '备份恢复 备份恢复演练'),
      );
      await put(index, 'crowd', crowd);
      await put(index, 'quiet', [
        textChunk('quiet', 0, '附录里顺便提到了备份这件事，其余都是别的内容，例如采购与库房'),
      ]);
      const hits = await index.search(KB, LEXICAL, {
        ...request('备份恢复'),
        limit: 3,
        documentIds: ['quiet'],
      });
      assert.deepEqual(ids(hits), ['quiet#0']);
      assert.deepEqual(await index.search(KB, LEXICAL, { ...request('备份'), documentIds: [] }), []);
    },
  },
  {
    name: 'the same filter holds for vectors',
    async run({ index }) {
      const near = Array.from({ length: 200 }, (_, ordinal) =>
        vectorChunk('near', ordinal, '甲', [1, 0.001 * ordinal, 0]),
      );
      await put(index, 'near', near, VECTOR);
      await put(index, 'far', [vectorChunk('far', 0, '乙', [0.2, 0.1, 1])], VECTOR);
      const wanted = { ...request('无关'), vector: [1, 0, 0], limit: 3 };
      assert.deepEqual(ids(await index.search(KB, VECTOR, { ...wanted, documentIds: ['far'] })), ['far#0']);
    },
  },
  {
    name: 'knowledge bases and generations never mix',
    async run({ index }) {
      const other: IndexGeneration = { id: 'g2', dimension: null };
      await put(index, 'a', [textChunk('a', 0, '门禁卡管理')]);
      assert.equal((await find(index, '门禁卡', other)).length, 0);
      assert.equal((await index.search('kb_2', LEXICAL, request('门禁卡'))).length, 0);
      await index.drop(KB, other);
      assert.equal((await find(index, '门禁卡')).length, 1);
    },
  },
  {
    name: 'a vector finds what shares no word with the question',
    async run({ index }) {
      await put(
        index,
        'a',
        [vectorChunk('a', 0, '年假规定', [1, 0, 0]), vectorChunk('a', 1, '断电预案', [0, 1, 0])],
        VECTOR,
      );
      const hits = await index.search(KB, VECTOR, { ...request('zzz'), vector: [0.1, 0.9, 0] });
      assert.equal(hits[0]?.chunk.id, 'a#1');
      const words = await index.search(KB, VECTOR, request('年假规定'));
      assert.equal(words[0]?.chunk.id, 'a#0');
    },
  },
  {
    name: 'vectors of another length are refused, and nothing of the batch is kept',
    async run({ index }) {
      const wrong = [vectorChunk('a', 0, '甲', [1, 0, 0]), vectorChunk('a', 1, '乙', [1, 0])];
      const refused = { code: 'dimension_mismatch' };
      await assert.rejects(put(index, 'a', wrong, VECTOR), refused);
      await assert.rejects(put(index, 'a', [textChunk('a', 0, '甲')], VECTOR), refused);
      await assert.rejects(put(index, 'a', [vectorChunk('a', 0, '甲', [1])], LEXICAL), refused);
      assert.equal((await index.inventory(KB, VECTOR)).size, 0);
      await put(index, 'a', [vectorChunk('a', 0, '甲', [1, 0, 0])], VECTOR);
      await assert.rejects(index.search(KB, VECTOR, { ...request('甲'), vector: [1, 0] }), refused);
    },
  },
  {
    name: 'what was never written is empty, not an error',
    async run({ index }) {
      assert.deepEqual(await find(index, '任何'), []);
      assert.equal((await index.inventory(KB, LEXICAL)).size, 0);
      await index.removeDocuments(KB, LEXICAL, ['a']);
      await index.optimize(KB, LEXICAL);
      await index.drop(KB, LEXICAL);
    },
  },
  {
    name: 'scores fall from at most 1 to above 0, within the limit, in the same order for every handle',
    async run({ index, another }) {
      const chunks = Array.from({ length: 30 }, (_, ordinal) =>
        textChunk('a', ordinal, `应急预案 第${ordinal % 5}版`),
      );
      await put(index, 'a', chunks);
      const hits = await index.search(KB, LEXICAL, { ...request('应急预案'), limit: 12 });
      assert.equal(hits.length, 12);
      for (const [position, { score }] of hits.entries()) {
        assert.ok(score > 0 && score <= 1, `score ${score}`);
        assert.ok(position === 0 || score <= (hits[position - 1] as SearchHit).score, 'scores rise');
      }
      const reader = await another();
      assert.deepEqual(
        ids(await reader.search(KB, LEXICAL, { ...request('应急预案'), limit: 12 })),
        ids(hits),
      );
      await reader[Symbol.asyncDispose]();
    },
  },
  {
    name: 'the inventory counts the chunks of each document',
    async run({ index }) {
      await put(index, 'a', [textChunk('a', 0, '一'), textChunk('a', 1, '二')]);
      await put(index, 'b', [textChunk('b', 0, '三')]);
      assert.deepEqual([...(await index.inventory(KB, LEXICAL))].sort(), [
        ['a', 2],
        ['b', 1],
      ]);
    },
  },
  {
    name: 'optimising changes no result',
    async run({ index }) {
      for (let document = 0; document < 6; document += 1) {
        await put(index, `d${document}`, [textChunk(`d${document}`, 0, `服务器巡检记录 ${document}`)]);
      }
      await index.removeDocuments(KB, LEXICAL, ['d0']);
      const before = ids(await find(index, '服务器巡检'));
      await index.optimize(KB, LEXICAL);
      assert.equal(before.length, 5);
      assert.deepEqual(ids(await find(index, '服务器巡检')), before);
    },
  },
  {
    name: 'a dropped table is empty and can be filled again, for every handle',
    async run({ index, another }) {
      const reader = await another();
      await put(index, 'a', [textChunk('a', 0, '第一次的内容')]);
      assert.equal((await find(reader, '第一次')).length, 1);
      await index.drop(KB, LEXICAL);
      assert.equal((await find(reader, '第一次')).length, 0);
      await put(index, 'a', [textChunk('a', 0, '第二次的内容')]);
      assert.deepEqual(
        (await find(reader, '内容')).map((hit) => hit.chunk.text),
        ['第二次的内容'],
      );
      await reader[Symbol.asyncDispose]();
    },
  },
  {
    name: 'ids with quotes, slashes and signs of every kind stay apart',
    async run({ index }) {
      const odd = ["o'brien", 'a/b', 'a_b', '../x', '文档 1', 'a"b'];
      for (const id of odd) await put(index, id, [textChunk(id, 0, '同样的内容')]);
      await index.removeDocuments(KB, LEXICAL, ["o'brien"]);
      assert.deepEqual([...(await index.inventory(KB, LEXICAL)).keys()].sort(), odd.slice(1).sort());
      for (const base of ['a/b', 'a_b', '../x']) {
        await index.replaceDocuments(base, LEXICAL, [
          { documentId: base, chunks: [textChunk(base, 0, '库')] },
        ]);
      }
      for (const base of ['a/b', 'a_b', '../x']) {
        assert.deepEqual([...(await index.inventory(base, LEXICAL)).keys()], [base]);
      }
    },
  },
  {
    name: 'documents written at the same time all arrive',
    async run({ index }) {
      const names = Array.from({ length: 8 }, (_, number) => `d${number}`);
      await Promise.all(names.map((name) => put(index, name, [textChunk(name, 0, '并行写入')])));
      assert.deepEqual([...(await index.inventory(KB, LEXICAL)).keys()].sort(), names);
      assert.equal((await find(index, '并行写入')).length, 8);
    },
  },
];

export function chunkIndexConformance(name: string, createFresh: () => Promise<FreshIndex>): void {
  describe(`${name} as a ChunkIndex`, () => {
    test.each(chunkIndexChecks)('$name', async ({ run }) => {
      await using fresh = await createFresh();
      await expect(run(fresh)).resolves.toBeUndefined();
    });
  });
}

export function textChunk(documentId: string, ordinal: number, text: string): IndexedChunk {
  return {
    id: `${documentId}#${ordinal}`,
    documentId,
    ordinal,
    text,
    headingPath: ['手册'],
    page: null,
    article: null,
    start: 0,
    end: text.length,
    tokens: text.length,
    vector: null,
  };
}

function vectorChunk(documentId: string, ordinal: number, text: string, vector: number[]): IndexedChunk {
  return { ...textChunk(documentId, ordinal, text), vector };
}

function put(
  index: ChunkIndex,
  documentId: string,
  chunks: IndexedChunk[],
  generation = LEXICAL,
): Promise<void> {
  return index.replaceDocuments(KB, generation, [{ documentId, chunks }]);
}

function request(query: string) {
  return { query, vector: null, limit: 10, documentIds: null };
}

function find(index: ChunkIndex, query: string, generation = LEXICAL): Promise<SearchHit[]> {
  return index.search(KB, generation, request(query));
}

function ids(hits: readonly SearchHit[]): string[] {
  return hits.map((hit) => hit.chunk.id);
}
