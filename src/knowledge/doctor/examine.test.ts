import { readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { endRun, getRun } from '../../runs/run-store.ts';
import { deleteDocument } from '../library/documents.ts';
import { deleteKnowledgeBase, findGeneration, getKnowledgeBase } from '../library/knowledge-bases.ts';
import { submitIndexing } from '../library/memberships.ts';
import { fakeEmbedder, openTestKnowledge, type TestKnowledge, WORKSPACE } from '../testing.ts';
import { DELETED_DOCUMENT_GRACE_MS, type ExamineOptions } from './examination.ts';
import { examine } from './examine.ts';
import type { Finding } from './finding.ts';

const LEAVE = '# 休假\n\n员工每年享有十天年假。\n';

describe('doctor', () => {
  let knowledge: TestKnowledge;
  let base: string;
  let documentId: string;

  beforeEach(async () => {
    knowledge = await openTestKnowledge();
    base = await knowledge.createBase();
    documentId = await knowledge.store('leave.md', LEAVE);
    await knowledge.add({ knowledgeBaseId: base, documentId });
    const worker = knowledge.startWorker();
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
  });
  afterEach(() => knowledge[Symbol.asyncDispose]());

  const look = async (options: Partial<ExamineOptions> = {}): Promise<Finding[]> =>
    (await examine(knowledge, { fix: false, ...options })).findings;
  const checks = (findings: readonly Finding[]) => findings.map(({ check, fixed }) => [check, fixed]);
  const read = () => scopeSql(knowledge.ledger.read, WORKSPACE);
  const sql = (statement: string, params: Record<string, string | number> = {}) =>
    knowledge.ledger.transaction((tx) => tx.run(statement, params));

  /** The finding is shown, repaired once, and gone after the submitted runs are done. */
  async function expectRepaired(check: Finding['check']): Promise<void> {
    expect(checks(await look())).toEqual([[check, false]]);
    expect(checks(await look({ fix: true }))).toEqual([[check, true]]);
    const worker = knowledge.startWorker();
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
    expect(await look({ deep: true })).toEqual([]);
    expect(await knowledge.find(base, '年假几天')).toContainEqual(expect.stringContaining('十天年假'));
  }

  it('finds nothing where all agrees', async () => {
    const { findings, checked } = await examine(knowledge, { fix: true, deep: true });
    expect(findings).toEqual([]);
    expect(checked).toEqual({ documents: 1, blobs: 1, chunks: 1, samples: 1 });
  });

  it('says which content is missing or damaged, and that uploading it again heals it', async () => {
    const row = await knowledge.ledger.read.get<{ sha256: string }>('SELECT sha256 FROM document');
    const path = knowledge.blobs.path(row!.sha256);
    await writeFile(path, 'something else');
    expect(checks(await look())).toEqual([]);
    expect(checks(await look({ deep: true, fix: true }))).toEqual([['blob-corrupt', false]]);
    await rm(path);
    expect(checks(await look())).toEqual([['blob-missing', false]]);
    await knowledge.blobs.put(Readable.from([Buffer.from(LEAVE)]), { maxBytes: 1_000 });
    expect(await look({ deep: true })).toEqual([]);
  });

  it('takes in again what lost its derived content', async () => {
    for await (const sha256 of knowledge.derived.list()) await knowledge.derived.delete(sha256);
    await expectRepaired('derived-missing');
  });

  it('puts into the index again what is missing there', async () => {
    const generation = (await findGeneration(read(), base))!;
    await knowledge.index.removeDocuments(base, generation, [documentId]);
    await expectRepaired('index-missing');
  });

  it('removes from the index what no row names', async () => {
    const generation = (await findGeneration(read(), base))!;
    const chunk = {
      id: 'file_ghost#0',
      documentId: 'file_ghost',
      ordinal: 0,
      text: '年假',
      headingPath: [],
      page: null,
      article: null,
      start: 0,
      end: 2,
      tokens: 1,
      vector: null,
    };
    await knowledge.index.replaceDocuments(base, generation, [{ documentId: 'file_ghost', chunks: [chunk] }]);
    await expectRepaired('index-surplus');
    expect([...(await knowledge.index.inventory(base, generation)).keys()]).toEqual([documentId]);
  });

  it('asks for text that is known to be there, and fills the index again where it is not found', async () => {
    const generation = (await findGeneration(read(), base))!;
    const other = {
      id: `${documentId}#0`,
      documentId,
      ordinal: 0,
      text: 'quarterly turbine maintenance',
      headingPath: [],
      page: null,
      article: null,
      start: 0,
      end: 29,
      tokens: 3,
      vector: null,
    };
    await knowledge.index.replaceDocuments(base, generation, [{ documentId, chunks: [other] }]);
    await expectRepaired('search-blind');
  });

  it('fills a damaged index again from what was derived', async () => {
    for (const file of await readdir(join(knowledge.folder, 'index'), { recursive: true }))
      if (file.endsWith('.manifest')) await truncate(join(knowledge.folder, 'index', file), 7);
    await expectRepaired('index-corrupt');
  });

  it('drops the index of a knowledge base that was deleted', async () => {
    const generation = (await findGeneration(read(), base))!;
    const other = await knowledge.createBase('stays');
    await knowledge.ledger.transaction((tx) =>
      deleteKnowledgeBase(scopeSql(tx, WORKSPACE), base, Date.now()),
    );
    expect(checks(await look({ fix: true }))).toEqual([['index-orphan', true]]);
    expect(await knowledge.index.inventory(base, generation)).toEqual(new Map());
    expect((await getKnowledgeBase(read(), other)).isDefault).toBe(true);
  });

  it('submits a rebuild when an embedder is newly configured, and one only', async () => {
    knowledge.useEmbedder(fakeEmbedder('embedder-one', 8));
    await expectRepaired('generation-outdated');
    expect((await findGeneration(read(), base))?.embedder).toBe('embedder-one');
    knowledge.useEmbedder(null);
    expect(checks(await look({ fix: true }))).toEqual([['generation-outdated', true]]);
    expect(await look({ fix: true })).toEqual([]);
  });

  it('goes on without an embedder that does not answer', async () => {
    knowledge.useEmbedder({
      id: 'embedder-away',
      dimension: null,
      embed: async () => {
        throw new BudaoError('unavailable', 'embedder_unreachable', 'Connection refused.');
      },
    });
    const findings = await look({ fix: true });
    expect(checks(findings)).toEqual([['generation-outdated', false]]);
    expect(findings[0]?.message).toContain('does not answer');
  });

  it('goes on with the other checks where one cannot be finished', async () => {
    await sql(`UPDATE document SET sha256 = 'no hash at all'`);
    for await (const sha256 of knowledge.derived.list()) await knowledge.derived.delete(sha256);
    expect(checks(await look())).toEqual([
      ['check-failed', false],
      ['derived-missing', false],
    ]);
  });

  it('takes in again what waits for a run that is gone, and what waits for an index run', async () => {
    await sql(`UPDATE knowledge_base_document SET status = 'in_progress', run_id = 'run_gone',
      summary = '{"phase":"extracting","fraction":0.1}'`);
    await expectRepaired('document-stuck');
    await sql(`UPDATE knowledge_base_document SET status = 'in_progress',
      summary = REPLACE(summary, '"phase":"ready"', '"phase":"indexing"')`);
    await expectRepaired('document-stuck');
  });

  it('marks what the kernel gave up on, and does not try it again', async () => {
    const runId = await knowledge.add({ knowledgeBaseId: base, documentId });
    const failure = { code: 'attempts_exhausted' as const, message: 'Every process died.' };
    await knowledge.ledger.transaction(async (tx) =>
      endRun(tx, (await getRun(tx, runId))!, 'failed', failure, Date.now()),
    );
    expect(checks(await look({ fix: true }))).toEqual([['document-stuck', true]]);
    const row = await knowledge.ledger.read.get('SELECT status, failure FROM knowledge_base_document');
    expect(row).toEqual({ status: 'failed', failure: JSON.stringify(failure) });
    expect(await look({ fix: true })).toEqual([]);
  });

  it('takes in again what failed for a reason that passes', async () => {
    await sql(`UPDATE knowledge_base_document SET status = 'failed', failure = '{"code":"embedder_unavailable"}',
      summary = REPLACE(summary, '{', '{"passing":true,')`);
    await expectRepaired('document-retry');
  });

  it.each(['blob_corrupt', 'blob_missing'])(
    'takes in again what failed for %s, once the same content was stored anew',
    async (code) => {
      await sql(`UPDATE knowledge_base_document SET status = 'failed', failure = '{"code":"${code}"}'`);
      const row = await knowledge.ledger.read.get<{ sha256: string }>('SELECT sha256 FROM document');
      await truncate(knowledge.blobs.path(row!.sha256), 5);
      expect(checks(await look({ fix: true, deep: true }))).toEqual([['blob-corrupt', false]]);
      await knowledge.store('again.md', LEAVE);
      await expectRepaired('document-retry');
    },
  );

  it('keeps the bytes of a deleted document for thirty days, then lets them go after an hour untouched', async () => {
    await knowledge.ledger.transaction(async (tx) => {
      for (const id of await deleteDocument(scopeSql(tx, WORKSPACE), documentId, Date.now()))
        await submitIndexing(tx, WORKSPACE, id, Date.now());
    });
    const worker = knowledge.startWorker();
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
    const stored = async () => Array.fromAsync(knowledge.blobs.list());
    await look({ fix: true });
    expect(await stored()).toHaveLength(1);
    const now = Date.now() + DELETED_DOCUMENT_GRACE_MS + 1_000;
    expect(checks(await look({ fix: true, now }))).toContainEqual(['document-expired', true]);
    // Put a moment ago, so somebody may be about to name it.
    expect(await stored()).toHaveLength(1);
    const [sha256] = await stored();
    await utimes(knowledge.blobs.path(sha256!), new Date(0), new Date(0));
    expect(checks(await look({ fix: true, now }))).toContainEqual(['blob-unused', true]);
    expect(await stored()).toEqual([]);
  });
});
