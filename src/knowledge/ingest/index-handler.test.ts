import { truncate } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { findMembership } from '../library/membership-rows.ts';
import { submitIndexing } from '../library/memberships.ts';
import type { ChunkIndex } from '../ports.ts';
import { openTestKnowledge, type TestKnowledge, WORKSPACE } from '../testing.ts';

describe('an index run', () => {
  let knowledge: TestKnowledge;
  afterEach(() => knowledge[Symbol.asyncDispose]());

  /** Counts what is asked of the index, and lets a test do something before it. */
  async function open(before: Partial<ChunkIndex> = {}): Promise<Map<string, number>> {
    const calls = new Map<string, number>();
    const count = (name: string) => calls.set(name, (calls.get(name) ?? 0) + 1);
    knowledge = await openTestKnowledge({
      wrapIndex: (real) => ({
        ...real,
        [Symbol.asyncDispose]: async () => {},
        async replaceDocuments(...request) {
          count('replace');
          await before.replaceDocuments?.(...request);
          await real.replaceDocuments(...request);
        },
        async optimize(...request) {
          count('optimize');
          await real.optimize(...request);
        },
        async drop(...request) {
          count('drop');
          await before.drop?.(...request);
          await real.drop(...request);
        },
      }),
    });
    return calls;
  }

  it('folds pieces together once in many commits, not after each upload', async () => {
    const calls = await open();
    const base = await knowledge.createBase();
    knowledge.startWorker();
    for (let number = 0; number < 20; number++) {
      const documentId = await knowledge.store('a.md', `第 ${number} 条规定。`);
      await knowledge.add({ knowledgeBaseId: base, documentId });
      await knowledge.quiet();
    }
    expect(calls.get('replace')).toBe(20);
    expect(calls.get('optimize')).toBe(1);
  });

  it('throws away an index that stays unreadable, and fills it again from what was derived', async () => {
    let isCorrupt = false;
    const calls = await open({
      replaceDocuments: async () => {
        if (isCorrupt) throw new BudaoError('unavailable', 'index_corrupt', 'It cannot be read.');
      },
      drop: async () => {
        isCorrupt = false;
      },
    });
    const base = await knowledge.createBase();
    knowledge.startWorker();
    const first = await knowledge.store('a.md', '员工每年享有十天年假。');
    await knowledge.add({ knowledgeBaseId: base, documentId: first });
    await knowledge.quiet();
    isCorrupt = true;
    const second = await knowledge.store('b.md', '病假须提交医院证明。');
    await knowledge.add({ knowledgeBaseId: base, documentId: second });
    await knowledge.quiet();
    expect(calls.get('drop')).toBe(1);
    for (const documentId of [first, second])
      expect((await knowledge.settled(base, documentId)).status).toBe('completed');
    expect(await knowledge.find(base, '十天年假')).toContain('员工每年享有十天年假。');
    expect(await knowledge.find(base, '病假证明')).toContain('病假须提交医院证明。');
  });

  it('has a document derived again whose derived content is damaged', async () => {
    await open();
    const base = await knowledge.createBase();
    const worker = knowledge.startWorker();
    const documentId = await knowledge.store('a.md', '员工每年享有十天年假。');
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
    const sql = scopeSql(knowledge.ledger.read, WORKSPACE);
    const before = await findMembership(sql, base, documentId);
    for await (const sha256 of knowledge.derived.list()) await truncate(knowledge.derived.path(sha256), 40);
    await knowledge.ledger.transaction(async (tx) => {
      await tx.run(`UPDATE knowledge_base_document SET status = 'in_progress',
        summary = REPLACE(summary, '"phase":"ready"', '"phase":"indexing"')`);
      await submitIndexing(tx, WORKSPACE, base, Date.now());
    });
    knowledge.startWorker();
    const after = await knowledge.settled(base, documentId);
    expect(after.status).toBe('completed');
    expect(after.runId).not.toBe(before?.runId);
    expect(await knowledge.find(base, '年假')).toHaveLength(1);
  });
});
