import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../tests/support/postgres-server.ts';
import { deleteItem } from '../../../answers/conversation-items.ts';
import { deleteConversation } from '../../../answers/conversations.ts';
import { deleteDocument } from '../../../knowledge/library/documents.ts';
import { createKnowledgeBase, deleteKnowledgeBase } from '../../../knowledge/library/knowledge-bases.ts';
import type { Ledger, SqlRow } from '../../../ledger/ledger.ts';
import { scopeSql } from '../../../ledger/scope.ts';
import { migrateCluster } from '../../cluster.ts';
import { type Configuration, loadConfiguration } from '../../configuration.ts';
import { dataFolderAt, prepareDataFolder } from '../../data-folder.ts';
import { prepareInstallation } from '../../first-start.ts';
import { installationId } from '../../installation-id.ts';
import { takeSharedPlaces } from '../../shared-places.ts';
import { openBlobs, openLedger } from '../../shared-stores.ts';
import { makeRepository } from '../make-repository.ts';
import { makeSnapshot } from '../make-snapshot.ts';
import { findRepository, openForReading, readKeyFile } from '../repositories.ts';
import { carryOut } from './carry-out.ts';
import type { PartSelector } from './part.ts';
import { planPart } from './plan-part.ts';
import { restorePart } from './restore-part.ts';
import { openSnapshotLedger } from './snapshot-ledger.ts';
import { furnishSample } from './testing/furnish-sample.ts';

const SIGNAL = new AbortController().signal;
const QUIET = { signal: SIGNAL, onProgress: () => {} };

describe.each(['embedded', 'postgres'])('a part of a snapshot (%s)', { timeout: 120_000 }, (engine) => {
  let place: string;
  let server: PostgresServer | null = null;
  let here: Configuration;
  let ledger: Ledger;
  let stores: Awaited<ReturnType<typeof openBlobs>>;
  let workspace: string;
  let base: { id: string; name: string };
  const ids = { conversation: '', answer: '', person: 'user_gone', snapshot: '' };

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'budao-part-'));
    await mkdir(join(place, 'shared'));
    await writeFile(join(place, 'cluster.key'), 'k'.repeat(64));
    if (engine === 'postgres') server = await startPostgres();
    const shared =
      server === null
        ? {}
        : {
            stores: {
              ledger: { url: server.url(await server.createDatabase()) },
              blobs: { folder: join(place, 'shared/blobs') },
              index: { folder: join(place, 'shared/index') },
              secretKeyFile: join(place, 'cluster.key'),
            },
          };
    const repositories = [{ name: 'local', folder: join(place, 'repository') }];
    const configFile = join(place, 'budao.yaml');
    await writeFile(configFile, JSON.stringify({ backup: { repositories }, ...shared }));
    here = loadConfiguration({}, { configFile, dataDir: join(place, 'data') });
    await furnish();
  }, 120_000);

  afterAll(async () => {
    await stores?.[Symbol.asyncDispose]();
    await ledger?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await rm(place, { recursive: true, force: true });
  });

  /** The sample as if it had been read and indexed, a conversation of somebody who leaves, and a snapshot of it all. */
  async function furnish(): Promise<void> {
    const folder = dataFolderAt(here.dataDir);
    await prepareDataFolder(folder);
    if (engine === 'postgres') await migrateCluster(here);
    ledger = await openLedger(here, 'budao', { mayCreate: true });
    await takeSharedPlaces(here, await installationId(ledger), { replace: false });
    await prepareInstallation({ configuration: here, folder, ledger, log: pino({ level: 'silent' }) });
    stores = await openBlobs(here);
    const found = await ledger.read.get<{
      id: string;
      name: string;
      workspace_id: string;
      generation: string;
    }>('SELECT * FROM knowledge_base');
    if (found === undefined) throw new Error('the sample has no knowledge base');
    base = found;
    workspace = found.workspace_id;
    Object.assign(ids, await furnishSample(ledger, stores.derived, found));
    await makeRepository({
      configuration: here,
      repository: null,
      recipients: [],
      keyFile: join(place, 'key'),
      appendOnly: false,
    });
    ids.snapshot = (await snapshot()).id;
  }

  const snapshot = () => makeSnapshot({ ...QUIET, configuration: here, repository: null, label: null });

  const bringBack = async (
    selector: PartSelector,
    more: { dryRun?: boolean; snapshotId?: string | null } = {},
  ) =>
    restorePart({
      configuration: here,
      selector,
      repository: null,
      snapshotId: null,
      identities: await readKeyFile(join(place, 'key')),
      into: null,
      restorer: null,
      dryRun: false,
      ...QUIET,
      ...more,
    });

  /** As the index run does after the knowledge base and its documents were deleted, and as the garbage goes. */
  async function deleteBase(): Promise<void> {
    const documents = await ledger.read.all<{ id: string; sha256: string }>(
      'SELECT id, sha256 FROM document',
    );
    await ledger.transaction(async (tx) => {
      const scoped = scopeSql(tx, workspace);
      await deleteKnowledgeBase(scoped, base.id, 10);
      for (const { id } of documents) await deleteDocument(scoped, id, 10);
      await tx.run('DELETE FROM knowledge_base_document WHERE knowledge_base_id = :id', { id: base.id });
      for (const { id } of documents.slice(0, 8)) await tx.run('DELETE FROM document WHERE id = :id', { id });
    });
    for (const { sha256 } of documents.slice(0, 8)) await stores.blobs.delete(sha256);
  }

  const rows = (table: string, columns: string, where = '1 = 1'): Promise<SqlRow[]> =>
    ledger.read.all(`SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY ${columns}`);

  const living = () =>
    Promise.all([
      rows('knowledge_base', 'id, name, is_default, generation', 'deleted_at IS NULL'),
      rows('document', 'id, filename, sha256', 'deleted_at IS NULL'),
      rows('knowledge_base_document', 'knowledge_base_id, document_id, attributes, chunks'),
    ]);

  async function expectBlobs(): Promise<void> {
    for (const { sha256 } of await rows('document', 'sha256', 'deleted_at IS NULL'))
      expect(await stores.blobs.verify(String(sha256))).toBe('ok');
  }

  it('is a deleted knowledge base, which comes back whole under its own id, out of the newest snapshot that has it', async () => {
    const before = await living();
    await deleteBase();
    const after = await snapshot();
    const dry = await bringBack({ kind: 'knowledge_base', name: base.name }, { dryRun: true });
    expect(dry).toMatchObject({
      snapshot: { id: ids.snapshot },
      documents: { back: 16, copy: 0, there: 0 },
      knowledgeBases: { back: 1 },
      tookSeconds: null,
    });
    expect(dry.blobs.needed).toBeGreaterThanOrEqual(8);
    expect((await living())[0]).toEqual([]);

    const report = await bringBack({ kind: 'knowledge_base', name: base.name });
    expect(report).toMatchObject({ documents: { back: 16 }, leftOut: [], isOfAnother: false });
    expect(await living()).toEqual(before);
    await expectBlobs();
    const waiting = await rows(
      'knowledge_base_document',
      'status',
      `instr(summary, '"phase":"indexing"') > 0`,
    );
    expect(waiting).toHaveLength(16);
    expect(await rows('run', 'kind, subject_id', `status = 'queued'`)).toEqual([
      { kind: 'index', subject_id: base.id },
    ]);
    // Asked for again, nothing is missing.
    expect(await bringBack({ kind: 'knowledge_base', name: base.id })).toMatchObject({
      documents: { back: 0, copy: 0, there: 16 },
      knowledgeBases: { back: 0, copy: 0, there: 1 },
      blobs: { needed: 0 },
    });
    expect(await living()).toEqual(before);
    await expect(
      bringBack({ kind: 'knowledge_base', name: base.name }, { snapshotId: after.id }),
    ).rejects.toMatchObject({ code: 'part_not_found' });
  });

  it('has an id of its own beside a knowledge base that lacks something, and is not put there twice', async () => {
    const [document] = await rows('document', 'id', 'deleted_at IS NULL');
    await ledger.transaction(async (tx) => {
      await deleteDocument(scopeSql(tx, workspace), String(document?.id), 20);
    });
    const present = await rows(
      'knowledge_base_document',
      'document_id, status',
      `knowledge_base_id = '${base.id}'`,
    );
    const report = await bringBack({ kind: 'knowledge_base', name: base.id });
    expect(report).toMatchObject({ knowledgeBases: { copy: 1 }, documents: { back: 1, there: 15 } });
    const [copy] = report.items;
    expect(copy?.id).not.toBe(base.id);
    expect(
      await rows('knowledge_base_document', 'document_id', `knowledge_base_id = '${copy?.id}'`),
    ).toHaveLength(16);
    expect(
      await rows('knowledge_base_document', 'document_id, status', `knowledge_base_id = '${base.id}'`),
    ).toEqual(present);
    expect(await rows('knowledge_base', 'id', 'is_default = 1')).toEqual([{ id: base.id }]);
    expect(await bringBack({ kind: 'knowledge_base', name: base.id })).toMatchObject({
      knowledgeBases: { back: 0, copy: 0, there: 1 },
    });
    await ledger.transaction((tx) => deleteKnowledgeBase(scopeSql(tx, workspace), copy?.id ?? '', 30));
  });

  it('is a document, which comes back into the knowledge bases that it was in', async () => {
    const [document] = await rows('document', 'id, filename', 'deleted_at IS NULL');
    await ledger.transaction((tx) => deleteDocument(scopeSql(tx, workspace), String(document?.id), 40));
    const report = await bringBack({ kind: 'document', name: String(document?.filename) });
    expect(report).toMatchObject({ documents: { back: 1 }, items: [{ fate: 'back', size: 1 }] });
    expect(
      await rows(
        'knowledge_base_document',
        'status',
        `document_id = '${document?.id}' AND knowledge_base_id = '${base.id}'`,
      ),
    ).toEqual([{ status: 'in_progress' }]);
  });

  it('is told apart by its id where several have the name', async () => {
    await ledger.transaction(async (tx) => {
      for (let number = 0; number < 2; number++)
        await createKnowledgeBase(
          scopeSql(tx, workspace),
          {
            name: 'Twins',
            generation: { id: 'g', analyzer: 'a', chunker: 'c', embedder: null, dimension: null },
          },
          50,
        );
    });
    const { id } = await snapshot();
    await expect(
      bringBack({ kind: 'knowledge_base', name: 'Twins' }, { snapshotId: id }),
    ).rejects.toMatchObject({ code: 'part_ambiguous', message: expect.stringContaining('vs_') });
  });

  it('is a conversation, with its answers, for the first owner where its own is gone', async () => {
    await ledger.transaction(async (tx) => {
      await deleteConversation(scopeSql(tx, workspace), ids.person, ids.conversation, 60);
      for (const [table, column, id] of [
        ['conversation', 'id', ids.conversation],
        ['conversation_item', 'conversation_id', ids.conversation],
        ['event', 'run_id', ids.answer],
        ['run', 'id', ids.answer],
      ])
        await tx.run(`DELETE FROM ${table} WHERE ${column} = :id`, { id: id ?? '' });
      await tx.run(`DELETE FROM membership WHERE account_id = 'user_gone'`);
      await tx.run(`DELETE FROM account WHERE id = 'user_gone'`);
    });
    const report = await bringBack(
      { kind: 'conversation', name: 'About leave' },
      { snapshotId: ids.snapshot },
    );
    expect(report).toMatchObject({ conversations: { back: 1 }, people: [{ name: 'gone', things: 1 }] });
    const [owner] = await rows('conversation', 'account_id', `id = '${ids.conversation}'`);
    expect(owner?.account_id).toBe(report.people[0]?.to);
    expect(
      await rows('conversation_item', 'position, role', `conversation_id = '${ids.conversation}'`),
    ).toEqual([
      { position: 1, role: 'user' },
      { position: 2, role: 'assistant' },
    ]);
    expect(await rows('run', 'id, status', `subject_id = '${ids.conversation}'`)).toEqual([
      { id: ids.answer, status: 'completed' },
    ]);
    expect(await rows('event', 'seq', `run_id = '${ids.answer}'`)).toEqual([{ seq: 1 }]);
  });

  it('is a copy of a conversation that lacks a message by now, with no id of the one that is here', async () => {
    const [item] = await rows('conversation_item', 'id', `conversation_id = '${ids.conversation}'`);
    await ledger.transaction((tx) =>
      deleteItem(scopeSql(tx, workspace), ids.conversation, String(item?.id), 70),
    );
    const report = await bringBack(
      { kind: 'conversation', name: ids.conversation },
      { snapshotId: ids.snapshot },
    );
    const copy = report.items[0]?.id ?? '';
    expect(report.conversations).toEqual({ back: 0, copy: 1, there: 0 });
    const runs = await rows('run', 'id, input, result', `subject_id = '${copy}'`);
    expect(runs).toHaveLength(1);
    expect(JSON.stringify(runs)).not.toContain(ids.answer);
    expect(JSON.stringify(runs)).not.toContain(ids.conversation);
    const messages = await rows('conversation_item', 'id, run_id', `conversation_id = '${copy}'`);
    expect(messages.map(({ run_id: run }) => run)).toEqual([runs[0]?.id, runs[0]?.id]);
    await bringBack({ kind: 'conversation', name: ids.conversation }, { snapshotId: ids.snapshot });
    expect(await rows('conversation', 'id', `title = 'About leave'`)).toHaveLength(2);
  });

  it('is whatever is missing of a workspace, and a workspace that is gone with the members who are left', async () => {
    await deleteBase();
    const report = await bringBack({ kind: 'workspace', name: workspace }, { snapshotId: ids.snapshot });
    expect(report).toMatchObject({
      workspace: { id: workspace, isNew: false },
      knowledgeBases: { back: 1 },
      documents: { back: 16 },
      conversations: { there: 1 },
    });
    await expectBlobs();
    const [owner] = await rows('membership', 'account_id', `role = 'owner'`);
    await ledger.transaction(async (tx) => {
      for (const table of [
        'knowledge_base',
        'document',
        'knowledge_base_document',
        'conversation',
        'conversation_item',
        'run',
        'membership',
      ])
        await tx.run(`DELETE FROM ${table} WHERE workspace_id = :workspace`, { workspace });
      await tx.run('DELETE FROM workspace WHERE id = :workspace', { workspace });
    });
    const whole = await bringBack({ kind: 'workspace', name: workspace }, { snapshotId: ids.snapshot });
    expect(whole).toMatchObject({
      workspace: { isNew: true },
      knowledgeBases: { back: 1 },
      documents: { back: 16 },
    });
    expect(await rows('membership', 'account_id, role')).toEqual([
      { account_id: owner?.account_id, role: 'owner' },
    ]);
    expect(whole.leftOut).toMatchObject([{ name: 'API keys' }]);
  });

  it('comes back once, wherever the restore before was killed', async () => {
    const before = await living();
    await using opened = await openForReading(findRepository(here, null), {
      keyFile: join(place, 'key'),
      scratchFolder: join(place, 'scratch'),
    });
    const { manifests } = await opened.repository.list();
    const manifest = manifests.find(({ id }) => id === ids.snapshot);
    if (manifest === undefined) throw new Error('the snapshot is gone');
    await using there = await openSnapshotLedger(
      { manifest, snapshots: opened.repository },
      'knowledge_base',
      {
        path: join(place, 'scratch', 'killed.db'),
        signal: SIGNAL,
        onBytes: () => {},
      },
    );
    let isWhole = false;
    for (let transactions = 0; !isWhole; transactions++) {
      await deleteBase();
      const killed = async (left: number): Promise<boolean> => {
        const plan = await planPart({
          source: there.ledger.read,
          target: ledger.read,
          snapshotId: ids.snapshot,
          selector: { kind: 'knowledge_base', name: base.id },
          into: null,
          restorer: null,
        });
        const mortal: Ledger = Object.create(ledger, {
          read: { get: () => ledger.read },
          transaction: {
            value: (work: never, options: never) => {
              if (left-- <= 0) throw new Error('killed');
              return ledger.transaction(work, options);
            },
          },
        });
        const places = { snapshot: there, ledger: mortal, blobs: stores.blobs, derived: stores.derived };
        return carryOut(plan, places, { now: () => 100, signal: SIGNAL, onProgress: () => {} }).then(
          () => true,
          (error: Error) => {
            if (error.message !== 'killed') throw error;
            return false;
          },
        );
      };
      isWhole = await killed(transactions);
      // Until the last step nobody sees a knowledge base with one half of its documents.
      const shown = await rows('knowledge_base', 'id', `deleted_at IS NULL AND id = '${base.id}'`);
      if (shown.length > 0)
        expect(
          await rows('knowledge_base_document', 'document_id', `knowledge_base_id = '${base.id}'`),
        ).toHaveLength(16);
      expect(await killed(Number.POSITIVE_INFINITY)).toBe(true);
      expect(await living()).toEqual(before);
    }
  });
});
