import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scopeSql } from '../../ledger/scope.ts';
import { endRun, getRun } from '../../runs/run-store.ts';
import { killAtEveryPoint } from '../kill-points.ts';
import { deleteDocument } from '../library/documents.ts';
import { cancelFileBatch, createFileBatch, getFileBatch } from '../library/file-batches.ts';
import { deleteKnowledgeBase, findGeneration } from '../library/knowledge-bases.ts';
import { findMembership, listMemberships } from '../library/membership-rows.ts';
import { reingestDocument, removeDocument, submitIndexing } from '../library/memberships.ts';
import { Gate, openTestKnowledge, type TestKnowledge, WORKSPACE } from '../testing.ts';
import type { Extractor } from './derive.ts';

const LEAVE = '# 休假\n\n## 第一条\n\n员工每年享有十天年假。\n';
const VPN = '# VPN\n\n院外访问内网须使用 VPN。\n';

/** Each point of the kill is a scenario of its own. */
const KILLS_TIMEOUT_MS = 240_000;

describe('a document that changes while it is being taken in', () => {
  let knowledge: TestKnowledge;
  let base: string;
  let extracting: Gate;
  let indexing: Gate;
  /** What the gates hold; empty lets all pass. */
  let held: Set<string>;

  beforeEach(async () => {
    extracting = new Gate();
    indexing = new Gate();
    held = new Set();
    knowledge = await openTestKnowledge({
      wrapExtractor: (real): Extractor => ({
        async extract(job) {
          const document = await real.extract(job);
          if (held.delete('extract')) await extracting.pass();
          return document;
        },
      }),
      wrapIndex: (real) => ({
        ...real,
        [Symbol.asyncDispose]: async () => {},
        async replaceDocuments(...request) {
          await real.replaceDocuments(...request);
          if (held.delete('index')) await indexing.pass();
        },
      }),
    });
    base = await knowledge.createBase();
    knowledge.startWorker();
    knowledge.startWorker();
  });
  afterEach(() => knowledge[Symbol.asyncDispose]());

  const inventory = async (): Promise<Map<string, number>> => {
    const generation = await findGeneration(scopeSql(knowledge.ledger.read, WORKSPACE), base);
    return generation === null ? new Map() : knowledge.index.inventory(base, generation);
  };
  const rows = () => knowledge.ledger.read.all('SELECT document_id, status FROM knowledge_base_document');

  it('removed while it is parsed, is gone for good', async () => {
    held.add('extract');
    const documentId = await knowledge.store('leave.md', LEAVE);
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await extracting.arrived;
    await knowledge.ledger.transaction((tx) => removeDocument(tx, WORKSPACE, base, documentId, Date.now()));
    extracting.open();
    await knowledge.quiet();
    expect(await rows()).toEqual([]);
    expect(await inventory()).toEqual(new Map());
  });

  it('removed while its chunks are written, is gone for good', async () => {
    held.add('index');
    const documentId = await knowledge.store('leave.md', LEAVE);
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await indexing.arrived;
    await knowledge.ledger.transaction((tx) => removeDocument(tx, WORKSPACE, base, documentId, Date.now()));
    expect(await knowledge.find(base, '年假')).toEqual([]);
    indexing.open();
    await knowledge.quiet();
    expect(await rows()).toEqual([]);
    expect(await inventory()).toEqual(new Map());
  });

  it('deleted as a file while it is parsed, is found nowhere', async () => {
    held.add('extract');
    const documentId = await knowledge.store('leave.md', LEAVE);
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await extracting.arrived;
    await knowledge.ledger.transaction(async (tx) => {
      for (const id of await deleteDocument(scopeSql(tx, WORKSPACE), documentId, Date.now()))
        await submitIndexing(tx, WORKSPACE, id, Date.now());
    });
    extracting.open();
    await knowledge.quiet();
    expect(await rows()).toEqual([]);
  });

  it('added again with other chunks while its first ones are saved, ends with the other chunks', async () => {
    held.add('index');
    const text = Array.from(
      { length: 40 },
      (_, index) => `第 ${index} 句说明年假的一个细节，内容各不相同。`,
    ).join('');
    const documentId = await knowledge.store('long.md', `# 休假\n\n${text}\n`);
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await indexing.arrived;
    const chunking = { maxTokens: 100, overlapTokens: 0 };
    const runId = await knowledge.add({ knowledgeBaseId: base, documentId, chunking });
    indexing.open();
    const membership = await knowledge.settled(base, documentId);
    expect(membership).toMatchObject({ status: 'completed', runId, chunking });
    expect(membership.chunks).toBeGreaterThan(3);
    expect(await inventory()).toEqual(new Map([[documentId, membership.chunks]]));
  });

  it('read anew while its parse is under way, is completed by the later run alone', async () => {
    held.add('extract');
    const documentId = await knowledge.store('leave.md', LEAVE);
    const first = await knowledge.add({ knowledgeBaseId: base, documentId });
    await extracting.arrived;
    const again = await knowledge.ledger.transaction((tx) =>
      reingestDocument(tx, WORKSPACE, base, documentId, Date.now()),
    );
    extracting.open();
    const membership = await knowledge.settled(base, documentId);
    expect(membership).toMatchObject({ status: 'completed', runId: again.runId });
    expect((await getRun(knowledge.ledger.read, first))?.result).toEqual({ superseded: true });
  });

  it('replaced by one that is replaced before it is ready, leaves only the last', async () => {
    const [one, two, three] = await Promise.all([
      knowledge.store('a.md', LEAVE),
      knowledge.store('a.md', LEAVE.replace('十天', '十二天')),
      knowledge.store('a.md', LEAVE.replace('十天', '十五天')),
    ]);
    await knowledge.add({ knowledgeBaseId: base, documentId: one });
    await knowledge.settled(base, one);
    held.add('extract');
    await knowledge.add({ knowledgeBaseId: base, documentId: two, replaces: one });
    await extracting.arrived;
    await knowledge.add({ knowledgeBaseId: base, documentId: three, replaces: two });
    // The parser works in turn, so the second is let go; the first stays findable until the third is ready.
    extracting.open();
    await knowledge.settled(base, three);
    await knowledge.quiet();
    expect(await knowledge.find(base, '年假几天')).toEqual([expect.stringContaining('十五天')]);
    expect(await rows()).toEqual([{ document_id: three, status: 'completed' }]);
    expect([...(await inventory()).keys()]).toEqual([three]);
  });

  it.each(['extract', 'index'])(
    'in a knowledge base that is deleted in the middle (%s), leaves neither rows nor index',
    async (place) => {
      held.add(place);
      const documentId = await knowledge.store('vpn.md', VPN);
      const generation = await findGeneration(scopeSql(knowledge.ledger.read, WORKSPACE), base);
      await knowledge.add({ knowledgeBaseId: base, documentId });
      await (place === 'extract' ? extracting : indexing).arrived;
      await knowledge.ledger.transaction(async (tx) => {
        await deleteKnowledgeBase(scopeSql(tx, WORKSPACE), base, Date.now());
        await submitIndexing(tx, WORKSPACE, base, Date.now());
      });
      extracting.open();
      indexing.open();
      await knowledge.quiet();
      expect(await rows()).toEqual([]);
      expect(await knowledge.index.inventory(base, generation!)).toEqual(new Map());
    },
  );

  it('cancelled with its batch, stays cancelled', async () => {
    held.add('extract');
    const [one, two] = await Promise.all([knowledge.store('a.md', LEAVE), knowledge.store('b.md', VPN)]);
    const batch = await knowledge.ledger.transaction((tx) =>
      createFileBatch(
        tx,
        WORKSPACE,
        base,
        [one, two].map((documentId) => ({ documentId })),
        Date.now(),
      ),
    );
    await extracting.arrived;
    const stopped = await knowledge.ledger.transaction((tx) =>
      cancelFileBatch(tx, WORKSPACE, base, batch.id, Date.now()),
    );
    for (const runId of stopped) knowledge.channel.publish('run.cancel-requested', runId);
    extracting.open();
    await knowledge.quiet();
    const { counts } = await getFileBatch(scopeSql(knowledge.ledger.read, WORKSPACE), base, batch.id);
    expect(counts).toMatchObject({ in_progress: 0, cancelled: stopped.length, failed: 0 });
    expect(stopped.length).toBeGreaterThan(0);
  });

  it('given up by the kernel, shows the reason instead of waiting for ever', async () => {
    held.add('extract');
    const documentId = await knowledge.store('leave.md', LEAVE);
    const runId = await knowledge.add({ knowledgeBaseId: base, documentId });
    await extracting.arrived;
    const failure = { code: 'attempts_exhausted' as const, message: 'Every process that worked on it died.' };
    await knowledge.ledger.transaction(async (tx) =>
      endRun(tx, (await getRun(tx, runId))!, 'failed', failure, Date.now()),
    );
    const sql = scopeSql(knowledge.ledger.read, WORKSPACE);
    expect(await findMembership(sql, base, documentId)).toMatchObject({ status: 'failed', failure });
    const page = { knowledgeBaseId: base, limit: 10, order: 'asc' } as const;
    expect(await listMemberships(sql, { ...page, status: 'failed' })).toHaveLength(1);
    expect(await listMemberships(sql, { ...page, status: 'in_progress' })).toEqual([]);
    extracting.open();
    await knowledge.ledger.transaction((tx) => reingestDocument(tx, WORKSPACE, base, documentId, Date.now()));
    expect((await knowledge.settled(base, documentId)).status).toBe('completed');
  });

  it('leaves together with more others than one commit takes', async () => {
    await knowledge.ledger.transaction(async (tx) => {
      for (let number = 0; number < 1_100; number++) {
        await tx.run(
          `INSERT INTO knowledge_base_document (knowledge_base_id, document_id, workspace_id, attributes, chunking,
             status, chunks, created_at, updated_at)
           VALUES (:base, :id, :workspaceId, '{}', '{}', 'removing', 0, 0, 0)`,
          { base, id: `file_${number}`, workspaceId: WORKSPACE },
        );
      }
      await submitIndexing(tx, WORKSPACE, base, Date.now());
    });
    await knowledge.quiet();
    expect(await rows()).toEqual([]);
  });
});

describe('taking a document in', () => {
  it(
    'killed at any point, is finished by whoever takes over, also where it replaces another',
    async () => {
      const points = await killAtEveryPoint(['ingest', 'index'], async (kills) => {
        await using knowledge = await openTestKnowledge(kills.options);
        const base = await knowledge.createBase();
        const old = await knowledge.store('a.md', LEAVE);
        const fresh = await knowledge.store('a.md', LEAVE.replace('十天', '十五天'));
        knowledge.startWorker();
        await knowledge.add({ knowledgeBaseId: base, documentId: old });
        await knowledge.settled(base, old);
        await knowledge.quiet();
        await knowledge.add({ knowledgeBaseId: base, documentId: fresh, replaces: old });
        await kills.begin(knowledge);
        const membership = await knowledge.settled(base, fresh);
        expect(membership.status).toBe('completed');
        expect(await knowledge.find(base, '年假几天')).toEqual([expect.stringContaining('十五天')]);
        const generation = await findGeneration(scopeSql(knowledge.ledger.read, WORKSPACE), base);
        expect(await knowledge.index.inventory(base, generation!)).toEqual(
          new Map([[fresh, membership.chunks]]),
        );
      });
      expect(points).toBeGreaterThan(12);
    },
    KILLS_TIMEOUT_MS,
  );
});
