import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BudaoError } from '../../contract/errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { openSqliteLedger } from '../../stores/ledger/sqlite-ledger.ts';
import { openSqliteLog, type SqliteLog } from '../../stores/ledger/sqlite-log.ts';
import type { BlobSource, RepositoryStorage } from '../ports.ts';
import { type Bench, createBench, KEEP_NEWEST } from '../repository/testing/bench.ts';
import { bundleSegments } from './bundle-segments.ts';
import { listStreams, type StoredStream } from './list-streams.ts';
import { Shipper } from './shipper.ts';
import { parseStreamKey } from './stream-layout.ts';
import { type SinkLimits, StreamSink } from './stream-sink.ts';
import { choosePoint, writeDatabase } from './write-database.ts';

const DEADLINE_MS = 30_000;

let folder: string;
let ledger: Ledger;
let log: SqliteLog;
let bench: Bench;
let contents: Map<string, Buffer>;
let shipper: Shipper | null;
let sink: StreamSink;
/** Set, it is what the place answers with. */
let trouble: BudaoError | null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-stream-'));
  const path = join(folder, 'ledger.db');
  ledger = await openSqliteLedger({ path });
  log = openSqliteLog(path, Date.now);
  bench = await createBench();
  contents = new Map();
  shipper = null;
  trouble = null;
});
afterEach(async () => {
  await shipper?.[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The place of the repository, as long as it is not in trouble. */
function troubled(storage: RepositoryStorage): RepositoryStorage {
  const guard = <Result>(work: () => Promise<Result>): Promise<Result> =>
    trouble === null ? work() : Promise.reject(trouble);
  return {
    name: storage.name,
    put: (key, body) => guard(() => storage.put(key, body)),
    putFile: (key, path) => guard(() => storage.putFile(key, path)),
    putIfAbsent: (key, body) => guard(() => storage.putIfAbsent(key, body)),
    get: (key) => guard(() => storage.get(key)),
    read: (key) => guard(() => storage.read(key)),
    list: (prefix) => storage.list(prefix),
    delete: (key) => guard(() => storage.delete(key)),
  };
}

const blobs: BlobSource = {
  async open(sha256) {
    const content = contents.get(sha256);
    if (content === undefined) throw new BudaoError('not_found', 'blob_missing', 'gone');
    return Readable.from([content]);
  },
  damaged: async () => new Set(),
};

function start(limits: Partial<SinkLimits> = {}): void {
  sink = new StreamSink({
    name: 'local',
    open: async () => ({
      repository: await bench.open({ storage: troubled(bench.storage) }),
      [Symbol.asyncDispose]: async () => {},
    }),
    sources: { blobs, derived: { ...blobs, open: blobs.open }, secrets: [], files: [] },
    programVersion: 'test',
    limits: { retryMs: 20, longestRetryMs: 50, ...limits },
    now: Date.now,
  });
  const onBroken = (error: unknown): never => {
    throw error;
  };
  shipper = new Shipper({ log, sinks: [sink], intervalMs: 20, onStates: () => {}, onBroken });
}

async function eventually(isSo: () => boolean): Promise<void> {
  for (const until = performance.now() + DEADLINE_MS; !isSo(); await sleep(10))
    if (performance.now() > until) throw new Error(`never so: ${JSON.stringify(sink.state())}`);
}

/** Until everything that was acknowledged before this call is stored. */
async function untilCovered(): Promise<void> {
  const now = Date.now();
  await sleep(2);
  await eventually(() => sink.state().phase === 'shipping' && (sink.state().coveredUntil ?? 0) > now);
}

async function addWorkspace(id: string): Promise<void> {
  await ledger.transaction(async (tx) => {
    await tx.run('INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, :id, :none, 1)', {
      id,
      none: '{}',
    });
  });
}

async function addDocument(id: string, text: string): Promise<string> {
  const content = Buffer.from(text);
  const sha256 = createHash('sha256').update(content).digest('hex');
  contents.set(sha256, content);
  await ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO document (id, workspace_id, filename, purpose, bytes, sha256, created_at)
       VALUES (:id, 'ws', :id, 'user_data', :bytes, :sha256, 1)`,
      { id, bytes: content.length, sha256 },
    );
  });
  return sha256;
}

async function newestStream(): Promise<StoredStream> {
  const { streams } = await listStreams(bench.storage);
  const [newest] = streams;
  if (newest === undefined) throw new Error('there is no stream');
  return newest;
}

/** Workspaces of the database that a stream makes, and everything that can be read beside it. */
async function restored(upTo = Number.POSITIVE_INFINITY, stream?: StoredStream) {
  const { context } = await bench.open();
  const path = join(folder, `restored-${Math.random()}.db`);
  const chosen = stream ?? choosePoint((await listStreams(bench.storage)).streams, upTo);
  if (chosen === null) throw new Error('there is no such point');
  const { objects, until } = await writeDatabase(context, chosen, { path, upTo, onBytes: () => {} });
  using database = new DatabaseSync(path);
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  const rows = database.prepare('SELECT id FROM workspace ORDER BY id').all();
  return { ids: rows.map(({ id }) => String(id)), objects, until };
}

describe('a stream', () => {
  test('brings back what was acknowledged, at the end and at a point in between, with the documents', async () => {
    await addWorkspace('before');
    const first = await addDocument('doc_1', 'what was there before');
    start();
    await untilCovered();
    await addWorkspace('during');
    const second = await addDocument('doc_2', 'what came later');
    await untilCovered();
    await sleep(5);
    const between = Date.now();
    await sleep(30);
    await addWorkspace('late');
    await untilCovered();
    const { ids, objects } = await restored();
    expect(ids).toEqual(['before', 'during', 'late']);
    expect(String(await objects.read(first))).toBe('what was there before');
    expect(String(await objects.read(second))).toBe('what came later');
    const earlier = await restored(between);
    expect(earlier.ids).toEqual(['before', 'during']);
    expect(earlier.until).toBeLessThanOrEqual(between);
  });

  test('goes on by itself when the place was away, and claims nothing meanwhile', async () => {
    start();
    await untilCovered();
    trouble = new BudaoError('unavailable', 'repository_unavailable', 'The stick is not there.');
    await addWorkspace('away');
    await eventually(() => sink.state().reason?.code === 'repository_unavailable');
    const { coveredUntil, phase } = sink.state();
    expect(phase).toBe('waiting');
    expect((await restored()).ids).toEqual([]);
    trouble = null;
    await untilCovered();
    expect(sink.state().coveredUntil).toBeGreaterThan(coveredUntil ?? 0);
    expect(sink.state()).toMatchObject({ reason: null, gaps: 0 });
    expect((await restored()).ids).toEqual(['away']);
  });

  test('begins anew with a whole copy when too much has changed meanwhile, and says that there is a gap', async () => {
    start({ pendingBytes: 100_000 });
    await untilCovered();
    const { generation } = await newestStream();
    trouble = new BudaoError('unavailable', 'repository_full', 'The disk is full.');
    for (let count = 0; count < 40; count++) await addWorkspace(`ws_${count}_${'x'.repeat(5_000)}`);
    await eventually(
      () => sink.state().reason?.code === 'stream_overflow' || sink.state().generation === null,
    );
    trouble = null;
    await eventually(() => sink.state().generation !== null && sink.state().generation !== generation);
    await untilCovered();
    expect(sink.state().gaps).toBe(1);
    expect((await restored()).ids).toHaveLength(40);
  });

  test('that is bundled is the same, in fewer files', async () => {
    start();
    await untilCovered();
    for (const id of ['one', 'three', 'two']) {
      await addWorkspace(id);
      await untilCovered();
    }
    await shipper?.[Symbol.asyncDispose]();
    shipper = null;
    const before = (await newestStream()).segments;
    expect(before.length).toBeGreaterThan(2);
    await bundleSegments(bench.storage, before);
    const after = await newestStream();
    expect(after.segments).toHaveLength(1);
    expect((await restored()).ids).toEqual(['one', 'three', 'two']);
    expect((await restored(before[0]?.until)).until).toBe(before[0]?.until);
  });
});

describe('a stream that was damaged', () => {
  async function shipThree(): Promise<void> {
    start();
    await untilCovered();
    for (const id of ['one', 'three', 'two']) {
      await addWorkspace(id);
      await addDocument(`doc_${id}`, id);
      await untilCovered();
    }
    await shipper?.[Symbol.asyncDispose]();
    shipper = null;
  }

  async function keys(): Promise<string[]> {
    const found = await Array.fromAsync(bench.storage.list('streams/'));
    return found.map(({ key }) => key);
  }

  test('by a flipped byte anywhere in its files is never restored as if it were whole', async () => {
    await shipThree();
    const whole = await restored();
    for (const key of await keys()) {
      const file = (await bench.storage.get(key)) ?? Buffer.alloc(0);
      for (let at = 0; at < file.length; at += 1 + Math.floor(file.length / 8)) {
        const flipped = Buffer.from(file);
        flipped[at] = (flipped[at] ?? 0) ^ 0x20;
        await bench.storage.put(key, flipped);
        const { findings } = await (await bench.open()).verify({ share: 0 });
        expect(
          findings.filter(({ code }) => code.startsWith('stream_')),
          `${key} ${at}`,
        ).not.toEqual([]);
        await expect(restored(whole.until), `${key} ${at}`).rejects.toThrow();
      }
      await bench.storage.put(key, file);
    }
    expect((await restored()).ids).toEqual(['one', 'three', 'two']);
  });

  test('by a missing segment says until when it can be restored, and can be until then', async () => {
    await shipThree();
    const { segments } = await newestStream();
    const missing = segments.find(({ first }) => first === 2);
    await bench.storage.delete(missing?.key ?? '');
    const message = await restored().then(
      () => '',
      (error: unknown) => (error as BudaoError).message,
    );
    const [, until = ''] = /until (\S+) can be restored/.exec(message) ?? [];
    expect(Date.parse(until)).toBe(segments[0]?.until);
    expect((await restored(Date.parse(until))).until).toBe(Date.parse(until));
    const { findings } = await (await bench.open()).verify();
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(errors).toMatchObject([{ code: 'stream_broken', message: expect.stringContaining(until) }]);
  });

  test('is not healed by segments that somebody else has signed', async () => {
    await shipThree();
    await bench.storage.delete('signers/inst_one.json');
    await expect(restored()).rejects.toThrow();
  });
});

test('pruning removes nothing that a kept stream needs, and takes old generations away with what they needed', async () => {
  await addDocument('doc_1', 'of the ledger');
  start();
  await untilCovered();
  await addDocument('doc_2', 'of a segment');
  await untilCovered();
  await shipper?.[Symbol.asyncDispose]();
  const repository = await bench.open();
  const options = { retention: KEEP_NEWEST, orphanGraceMs: 0, streamMs: 0 };
  const alone = await repository.planPrune(options);
  expect(alone).toMatchObject({ streams: [], files: [] });
  await repository.prune(options, alone);
  expect((await repository.verify()).findings).toEqual([]);

  log = openSqliteLog(join(folder, 'ledger.db'), Date.now);
  start();
  await untilCovered();
  await shipper?.[Symbol.asyncDispose]();
  shipper = null;
  const plan = await repository.planPrune(options);
  expect(plan.streams).toHaveLength(1);
  await repository.prune(options, plan);
  expect((await repository.verify()).findings).toEqual([]);
  const left = (await Array.fromAsync(bench.storage.list('streams/'))).map(({ key }) => parseStreamKey(key));
  expect(new Set(left.map((parsed) => parsed?.generation)).size).toBe(1);
  expect((await restored()).ids).toEqual([]);
});
