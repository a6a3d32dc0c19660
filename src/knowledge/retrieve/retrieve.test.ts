import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import { scopeLedger, scopeSql } from '../../ledger/scope.ts';
import { currentGeneration } from '../ingest/generation.ts';
import { createKnowledgeBase, getKnowledgeBase, updateKnowledgeBase } from '../library/knowledge-bases.ts';
import { removeDocument, setAttributes } from '../library/memberships.ts';
import type { Embedder } from '../ports.ts';
import { createSearcher } from '../search/searcher.ts';
import { fakeEmbedder, openTestKnowledge, type TestKnowledge, until, WORKSPACE } from '../testing.ts';
import { parseAttributeFilter } from './attribute-filter.ts';
import { createRetriever, type Retrieved, type RetrieveRequest } from './retrieve.ts';

const LEAVE = '# 休假\n\n员工每年享有十天年假。\n';
const SICK = '# 病假\n\n病假须提交医院证明，年假不受影响。\n';

describe('retrieval', () => {
  let knowledge: TestKnowledge;

  beforeEach(async () => {
    knowledge = await openTestKnowledge();
  });
  afterEach(() => knowledge[Symbol.asyncDispose]());

  const retrieve = (
    request: Partial<RetrieveRequest>,
    embedders: readonly Embedder[] = [],
    workspaceId = WORKSPACE,
  ): Promise<Retrieved> => {
    const { ledger, index } = knowledge;
    const embedderById = (id: string) => embedders.find((embedder) => embedder.id === id) ?? null;
    return createRetriever({ ledger, searcher: createSearcher({ index }), embedderById }).retrieve(
      workspaceId,
      { query: '年假几天', knowledgeBaseIds: null, filter: null, limit: 5, scoreThreshold: 0, ...request },
    );
  };
  const baseFor = (embedder: Embedder | null): Promise<string> =>
    knowledge.ledger.transaction((tx) =>
      createKnowledgeBase(
        scopeSql(tx, WORKSPACE),
        { name: 'x', generation: currentGeneration(embedder) },
        Date.now(),
      ),
    );
  /** Takes documents in with a worker that knows this embedder. */
  async function fill(base: string, embedder: Embedder | null, ...contents: string[]): Promise<string[]> {
    knowledge.useEmbedder(embedder);
    const worker = knowledge.startWorker();
    const ids = [];
    for (const content of contents) {
      const documentId = await knowledge.store('a.md', content);
      await knowledge.add({ knowledgeBaseId: base, documentId });
      ids.push(documentId);
    }
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
    return ids;
  }

  it('uses the default knowledge base where none is named, and finds nothing where there is none', async () => {
    expect(await retrieve({})).toEqual({ hits: [], knowledgeBaseIds: [], degraded: null });
    const base = await baseFor(null);
    await fill(base, null, LEAVE);
    const { hits, knowledgeBaseIds } = await retrieve({});
    expect(knowledgeBaseIds).toEqual([base]);
    expect(hits[0]).toMatchObject({ knowledgeBaseId: base, filename: 'a.md', attributes: {} });
    expect((await retrieve({ scoreThreshold: 1.1 })).hits).toEqual([]);
  });

  it('asks no knowledge base of another workspace', async () => {
    const base = await baseFor(null);
    await expect(retrieve({ knowledgeBaseIds: [base] }, [], 'ws_other')).rejects.toMatchObject({
      code: 'knowledge_base_not_found',
    });
  });

  it('filters by the attributes that the document has in that very knowledge base', async () => {
    const [one, two] = [await baseFor(null), await baseFor(null)];
    const [leave] = (await fill(one, null, LEAVE)) as [string];
    const worker = knowledge.startWorker();
    await knowledge.add({ knowledgeBaseId: two, documentId: leave });
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
    await scopeLedger(knowledge.ledger, WORKSPACE).transaction((tx) =>
      setAttributes(tx, one, leave, { year: 2026 }, Date.now()),
    );
    const filter = parseAttributeFilter({ type: 'gte', key: 'year', value: 2026 });
    const both = { knowledgeBaseIds: [one, two], filter };
    expect((await retrieve(both)).hits.map((hit) => hit.attributes)).toEqual([{ year: 2026 }]);
    const none = parseAttributeFilter({ type: 'eq', key: 'year', value: 1999 });
    expect((await retrieve({ ...both, filter: none })).hits).toEqual([]);
  });

  it('hides a removed document at once, before the index knows', async () => {
    const base = await baseFor(null);
    const [leave] = (await fill(base, null, LEAVE, SICK)) as [string];
    await knowledge.ledger.transaction((tx) => removeDocument(tx, WORKSPACE, base, leave, Date.now()));
    const { hits } = await retrieve({ knowledgeBaseIds: [base] });
    expect(hits.map((hit) => hit.chunk.documentId)).not.toContain(leave);
    expect(hits.length).toBeGreaterThan(0);
  });

  it('says that it searched by words alone when the embedder is away or not configured', async () => {
    const embedder = fakeEmbedder('one', 8);
    const base = await baseFor(embedder);
    await fill(base, embedder, LEAVE);
    const request = { knowledgeBaseIds: [base] };
    const whole = await retrieve(request, [embedder]);
    expect(whole.degraded).toBeNull();
    expect(whole.hits[0]?.similarity).toBeTypeOf('number');
    const away: Embedder = {
      ...embedder,
      embed: async () => {
        throw new BudaoError('unavailable', 'embedder_unreachable', 'Connection refused.');
      },
    };
    for (const embedders of [[away], []]) {
      const { hits, degraded } = await retrieve(request, embedders);
      expect(degraded?.mode).toBe('keyword-only');
      expect(hits[0]?.chunk.text).toContain('十天年假');
      expect(hits[0]?.similarity ?? null).toBeNull();
    }
  });

  it('never compares vectors of two embedders, even of one length', async () => {
    const [first, second] = [fakeEmbedder('first', 8), fakeEmbedder('second', 8)];
    const [one, two] = [await baseFor(first), await baseFor(second)];
    await fill(one, first, LEAVE);
    await fill(two, second, SICK);
    const { hits, degraded } = await retrieve({ knowledgeBaseIds: [one, two] }, [second]);
    expect(degraded?.mode).toBe('keyword-only');
    const similarityIn = (base: string) =>
      hits.find((hit) => hit.knowledgeBaseId === base)?.similarity ?? null;
    expect(similarityIn(one)).toBeNull();
    expect(similarityIn(two)).toBeTypeOf('number');
  });

  it('keeps a knowledge base from expiring by being asked, and asks none that has expired', async () => {
    const base = await baseFor(null);
    await fill(base, null, LEAVE);
    const ledger = scopeLedger(knowledge.ledger, WORKSPACE);
    const expiresAfter = { anchor: 'last_active_at', days: 1 } as const;
    const twoHoursAgo = Date.now() - 2 * 60 * 60_000;
    await updateKnowledgeBase(ledger, base, { expiresAfter }, twoHoursAgo);
    expect((await retrieve({ knowledgeBaseIds: [base] })).hits).toHaveLength(1);
    const sql = scopeSql(knowledge.ledger.read, WORKSPACE);
    await until(async () => ((await getKnowledgeBase(sql, base)).activeAt > twoHoursAgo ? true : null));
    await updateKnowledgeBase(ledger, base, {}, Date.now() - 25 * 60 * 60_000);
    expect((await retrieve({ knowledgeBaseIds: [base] })).hits).toEqual([]);
  });
});
