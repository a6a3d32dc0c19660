import { afterEach, describe, expect, it } from 'vitest';
import { scopeSql } from '../../ledger/scope.ts';
import { killAtEveryPoint } from '../kill-points.ts';
import {
  deleteKnowledgeBase,
  findGeneration,
  type Generation,
  getKnowledgeBase,
} from '../library/knowledge-bases.ts';
import { listMemberships } from '../library/membership-rows.ts';
import { removeDocument, submitIndexing } from '../library/memberships.ts';
import {
  fakeEmbedder,
  Gate,
  type KnowledgeOptions,
  openTestKnowledge,
  type TestKnowledge,
  until,
  WORKSPACE,
} from '../testing.ts';
import { currentGeneration } from './generation.ts';
import { submitRebuild } from './rebuild-handler.ts';

const DOCUMENTS = {
  'leave.md': '# 休假\n\n员工每年享有十天年假。\n',
  'vpn.md': '# VPN\n\n院外访问内网须使用 VPN。\n',
  'password.md': '# 密码\n\n密码长度至少十二位。\n',
};

/** Each point of the kill is a scenario of its own. */
const KILLS_TIMEOUT_MS = 240_000;

describe('a rebuild', () => {
  let knowledge: TestKnowledge;
  let base: string;
  let documentIds: string[];
  let old: Generation;
  const embedder = fakeEmbedder('embedder-one', 8);

  afterEach(() => knowledge[Symbol.asyncDispose]());

  async function open(options: KnowledgeOptions = {}): Promise<void> {
    knowledge = await openTestKnowledge(options);
    base = await knowledge.createBase();
    documentIds = [];
    const worker = knowledge.startWorker();
    for (const [filename, content] of Object.entries(DOCUMENTS)) {
      const documentId = await knowledge.store(filename, content);
      documentIds.push(documentId);
      await knowledge.add({ knowledgeBaseId: base, documentId });
    }
    await knowledge.quiet();
    await worker[Symbol.asyncDispose]();
    old = (await current())!;
    knowledge.useEmbedder(embedder);
  }

  const current = () => findGeneration(scopeSql(knowledge.ledger.read, WORKSPACE), base);
  const submit = () => knowledge.ledger.transaction((tx) => submitRebuild(tx, WORKSPACE, base, Date.now()));
  const memberships = () =>
    listMemberships(scopeSql(knowledge.ledger.read, WORKSPACE), {
      knowledgeBaseId: base,
      limit: 100,
      order: 'asc',
    });

  /** The new generation holds exactly the documents that the ledger says, and nothing is left of the old one. */
  async function expectSwitched(): Promise<void> {
    const target = currentGeneration(embedder);
    const described = await getKnowledgeBase(scopeSql(knowledge.ledger.read, WORKSPACE), base);
    expect(described).toMatchObject({ generation: target, nextGeneration: null });
    const present = await memberships();
    expect(present.map(({ status, summary }) => [status, summary.generation])).toEqual(
      present.map(() => ['completed', target.id]),
    );
    expect(await knowledge.index.inventory(base, target)).toEqual(
      new Map(present.map(({ documentId, chunks }) => [documentId, chunks])),
    );
    expect(await knowledge.index.inventory(base, old)).toEqual(new Map());
  }

  it('switches to the vectors of a new embedder without a moment in which nothing is found', async () => {
    await open();
    await submit();
    knowledge.startWorker();
    let looks = 0;
    await until(async () => {
      expect(await knowledge.find(base, '年假几天')).toContainEqual(expect.stringContaining('十天年假'));
      looks += 1;
      return (await current())?.id === old.id ? null : true;
    });
    await knowledge.quiet();
    expect(looks).toBeGreaterThan(0);
    await expectSwitched();
  });

  it(
    'killed at any point, is finished by whoever takes over',
    async () => {
      const points = await killAtEveryPoint(['rebuild'], async (kills) => {
        await open(kills.options);
        await submit();
        knowledge.startWorker();
        await kills.begin(knowledge);
        await expectSwitched();
        await knowledge[Symbol.asyncDispose]();
      });
      expect(points).toBeGreaterThan(12);
    },
    KILLS_TIMEOUT_MS,
  );

  it('takes over what is added, read anew and removed in the meantime', async () => {
    const gate = new Gate();
    let isHeld = true;
    await open({
      wrapExtractor: (real) => ({
        async extract(job) {
          const document = await real.extract(job);
          if (knowledge.embedder !== null && job.filename === 'password.md' && isHeld) {
            isHeld = false;
            await gate.pass();
          }
          return document;
        },
      }),
    });
    await submit();
    knowledge.startWorker();
    knowledge.startWorker();
    await gate.arrived;
    const [leave, vpn] = documentIds as [string, string];
    const added = await knowledge.store('oncall.md', '# 值班\n\n值班电话是 6100。\n');
    knowledge.channel.publish('runs.available', '');
    await knowledge.add({ knowledgeBaseId: base, documentId: added });
    await knowledge.add({
      knowledgeBaseId: base,
      documentId: vpn,
      chunking: { maxTokens: 100, overlapTokens: 0 },
    });
    await knowledge.ledger.transaction((tx) => removeDocument(tx, WORKSPACE, base, leave, Date.now()));
    gate.open();
    await knowledge.quiet();
    await until(async () =>
      (await memberships()).every(({ status }) => status === 'completed') ? true : null,
    );
    expect((await memberships()).map(({ documentId }) => documentId)).not.toContain(leave);
    await expectSwitched();
    expect(await knowledge.find(base, '值班电话')).toContainEqual(expect.stringContaining('6100'));
  });

  it('does not lose a document whose chunks go into the old index at the moment of the switch', async () => {
    const gate = new Gate();
    let isHeld = false;
    await open({
      wrapIndex: (real) => ({
        ...real,
        [Symbol.asyncDispose]: async () => {},
        async replaceDocuments(knowledgeBaseId, generation, documents) {
          await real.replaceDocuments(knowledgeBaseId, generation, documents);
          if (isHeld && generation.id === old.id) {
            isHeld = false;
            await gate.pass();
          }
        },
      }),
    });
    isHeld = true;
    // Parsed for the old generation, as it is still in force.
    knowledge.useEmbedder(null);
    knowledge.startWorker();
    const added = await knowledge.store('oncall.md', '# 值班\n\n值班电话是 6100。\n');
    await knowledge.add({ knowledgeBaseId: base, documentId: added });
    await gate.arrived;
    knowledge.useEmbedder(embedder);
    knowledge.startWorker();
    // The first worker has no embedder, so a run that it claims finds nothing to do.
    await until(async () => {
      await submit();
      return (await current())?.id === old.id ? null : true;
    });
    gate.open();
    await until(async () => {
      const membership = (await memberships()).find(({ documentId }) => documentId === added);
      if (membership?.status === 'failed') {
        // Its second parse was claimed by the worker without an embedder.
        await knowledge.add({ knowledgeBaseId: base, documentId: added });
        return null;
      }
      return membership?.status === 'completed' ? true : null;
    });
    await knowledge.quiet();
    expect(await knowledge.find(base, '值班电话')).toContainEqual(expect.stringContaining('6100'));
  });

  it('ends with nothing left when the knowledge base is deleted under it', async () => {
    const gate = new Gate();
    await open({
      wrapIndex: (real) => ({
        ...real,
        [Symbol.asyncDispose]: async () => {},
        async replaceDocuments(knowledgeBaseId, generation, documents) {
          await real.replaceDocuments(knowledgeBaseId, generation, documents);
          if (knowledge.embedder !== null) await gate.pass();
        },
      }),
    });
    await submit();
    knowledge.startWorker();
    await gate.arrived;
    await knowledge.ledger.transaction(async (tx) => {
      await deleteKnowledgeBase(scopeSql(tx, WORKSPACE), base, Date.now());
      await submitIndexing(tx, WORKSPACE, base, Date.now());
    });
    gate.open();
    await knowledge.quiet();
    for (const generation of [old, currentGeneration(embedder)])
      expect(await knowledge.index.inventory(base, generation)).toEqual(new Map());
  });

  it('reads every document again where a person asks for it and the generation is the newest already', async () => {
    await open();
    knowledge.useEmbedder(null);
    const before = await memberships();
    await knowledge.ledger.transaction((tx) =>
      submitRebuild(tx, WORKSPACE, base, Date.now(), { isForced: true }),
    );
    knowledge.startWorker();
    await knowledge.quiet();
    const after = await memberships();
    expect(after.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
    for (const [position, { runId }] of after.entries()) expect(runId).not.toBe(before[position]?.runId);
    expect((await current())?.id).toBe(old.id);
  });

  it('lets a document that can no longer be read fail alone', async () => {
    await open();
    const [first] = await memberships();
    await knowledge.blobs.delete(first!.sha256);
    await submit();
    knowledge.startWorker();
    await knowledge.quiet();
    const statuses = (await memberships()).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual(['completed', 'completed', 'failed']);
    expect((await current())?.id).toBe(currentGeneration(embedder).id);
  });
});
