import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerTime } from '../../ledger/clock.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { examine } from '../doctor/examine.ts';
import { findGeneration } from '../library/knowledge-bases.ts';
import { findMembership } from '../library/membership-rows.ts';
import { reingestDocument } from '../library/memberships.ts';
import { fakeEmbedder, openTestKnowledge, type TestKnowledge, WORKSPACE } from '../testing.ts';
import { currentGeneration } from './generation.ts';
import { submitRebuild } from './rebuild-handler.ts';

const TEXT = '# 休假\n\n员工每年享有十天年假。\n';
const FOUND = ['员工每年享有十天年假。'];

let knowledge: TestKnowledge;
let base: string;
let documentId: string;

beforeEach(async () => {
  knowledge = await openTestKnowledge();
  base = await knowledge.createBase();
  const worker = knowledge.startWorker();
  documentId = await knowledge.store('leave.md', TEXT);
  await knowledge.add({ knowledgeBaseId: base, documentId });
  await knowledge.quiet();
  await worker[Symbol.asyncDispose]();
  await writeFile(knowledge.blobs.path((await membership()).sha256), TEXT.replace('十', '三'));
});
afterEach(() => knowledge[Symbol.asyncDispose]());

const sql = () => scopeSql(knowledge.ledger.read, WORKSPACE);
const membership = async () => (await findMembership(sql(), base, documentId))!;
const found = () => knowledge.find(base, '十天年假');

async function readAnew(): Promise<void> {
  await knowledge.ledger.transaction((tx) => reingestDocument(tx, WORKSPACE, base, documentId, ledgerTime()));
  knowledge.startWorker();
  await knowledge.quiet();
}

async function expectFailedButFound(): Promise<void> {
  const { status, failure, chunks, summary } = await membership();
  expect({ status, code: failure?.code, chunks }).toEqual({
    status: 'failed',
    code: 'blob_corrupt',
    chunks: 1,
  });
  expect(failure?.message).toMatch(/Upload the same file again.*goes on being found/);
  expect(summary.artifact).toBeDefined();
  expect(await found()).toEqual(FOUND);
}

describe('a document whose stored original is damaged', () => {
  it('says so when it is read anew or added again, and goes on being found', async () => {
    await readAnew();
    await expectFailedButFound();
    await knowledge.add({ knowledgeBaseId: base, documentId });
    await knowledge.quiet();
    await expectFailedButFound();
  });

  it('is put into the index again where that was lost or damaged', async () => {
    await readAnew();
    const generation = (await findGeneration(sql(), base))!;
    await knowledge.index.removeDocuments(base, generation, [documentId]);
    expect(await found()).toEqual([]);
    await examine(knowledge, { fix: true });
    knowledge.channel.publishToOne('runs.available', '');
    await knowledge.quiet();
    expect(await found()).toEqual(FOUND);
    for (const file of await readdir(join(knowledge.folder, 'index'), { recursive: true }))
      if (file.endsWith('.manifest')) await truncate(join(knowledge.folder, 'index', file), 7);
    await examine(knowledge, { fix: true });
    knowledge.channel.publishToOne('runs.available', '');
    await knowledge.quiet();
    expect(await found()).toEqual(FOUND);
  });

  it('moves into the index of a new embedder with the text that was read before', async () => {
    const embedder = fakeEmbedder('embedder-one', 8);
    knowledge.useEmbedder(embedder);
    await knowledge.ledger.transaction((tx) => submitRebuild(tx, WORKSPACE, base, ledgerTime()));
    knowledge.startWorker();
    await knowledge.quiet();
    expect((await findGeneration(sql(), base))?.id).toBe(currentGeneration(embedder).id);
    await expectFailedButFound();
  });

  it('is ready again once the same file was uploaded again and read', async () => {
    await readAnew();
    await knowledge.blobs.put(Readable.from([Buffer.from(TEXT)]), { maxBytes: 1_000 });
    await examine(knowledge, { fix: true });
    knowledge.channel.publishToOne('runs.available', '');
    await knowledge.quiet();
    expect(await membership()).toMatchObject({ status: 'completed', failure: null, chunks: 1 });
    expect(await found()).toEqual(FOUND);
  });
});
