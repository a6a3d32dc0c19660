import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccess } from '../../access/access.ts';
import type { Principal } from '../../access/principal.ts';
import { openSqliteLedger } from '../../stores/ledger/sqlite-ledger.ts';
import { LedgerBusyError, LedgerUnavailableError } from '../errors.ts';
import type { Ledger } from '../ledger.ts';
import { LedgerWatch, watchReads, withReads } from './ledger-watch.ts';
import { ReadMemory } from './read-memory.ts';
import { type Forgotten, type ReadScope, rememberReads, withinReadScope } from './remember-reads.ts';

const WORKSPACE = 'ws_1';
const LIMITS = 'SELECT settings FROM workspace WHERE id = :workspace';
const MINUTE_MS = 60_000;

let folder: string;
let real: Ledger;
let failure: Error | null;
let ledger: Ledger;
let memory: ReadMemory;
let watch: LedgerWatch;
let told: Forgotten[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-memory-'));
  real = await openSqliteLedger({ path: join(folder, 'ledger.sqlite') });
  failure = null;
  const guarded = <T>(read: () => Promise<T>): Promise<T> =>
    failure === null ? read() : Promise.reject(failure);
  const breakable = withReads(
    real,
    {
      all: (statement, params) => guarded(() => real.read.all(statement, params)),
      get: (statement, params) => guarded(() => real.read.get(statement, params)),
      run: (statement, params) => guarded(() => real.read.run(statement, params)),
    },
    (work, options) => guarded(() => real.transaction(work, options)),
  );
  watch = new LedgerWatch();
  memory = new ReadMemory({ maxAgeMs: 15 * MINUTE_MS, maxBytes: 1024 * 1024 });
  told = [];
  ledger = rememberReads(watchReads(breakable, watch), memory, (forgotten) => told.push(...forgotten));
  await real.transaction((tx) =>
    tx.run(`INSERT INTO workspace (id, name, settings, created_at) VALUES (:id, 'x', '{}', 0)`, {
      id: WORKSPACE,
    }),
  );
});

afterEach(async () => {
  await real[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const reading = (): ReadScope => ({ mayRecall: true, remembers: true, recalledAgeMs: null });
const settings = (scope: ReadScope): Promise<unknown> =>
  withinReadScope(scope, () => ledger.read.get(LIMITS, { workspace: WORKSPACE }));
const away = (): void => void (failure = new LedgerUnavailableError('Away.'));

describe('reads while the ledger is away', () => {
  test('what was read before is read again, and marked with its age', async () => {
    await settings(reading());
    away();
    const scope = reading();
    expect(await settings(scope)).toEqual({ settings: '{}' });
    expect(scope.recalledAgeMs).not.toBeNull();
    expect(watch.awayMs).not.toBeNull();
    failure = null;
    const after = reading();
    await settings(after);
    expect(after.recalledAgeMs).toBeNull();
    expect(watch.awayMs).toBeNull();
  });

  test('what was never read, and what a change rests on, is refused', async () => {
    away();
    await expect(settings(reading())).rejects.toMatchObject({ code: 'ledger_unavailable' });
    failure = null;
    await settings(reading());
    away();
    await expect(settings({ ...reading(), mayRecall: false })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    });
    await expect(ledger.read.get(LIMITS, { workspace: WORKSPACE })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    });
  });

  test('a lock that could not be had is no outage', async () => {
    await settings(reading());
    failure = new LedgerBusyError(5_000);
    await expect(settings(reading())).rejects.toMatchObject({ code: 'ledger_busy' });
    expect(watch.awayMs).toBeNull();
  });
});

describe('who is asking, while the ledger is away', () => {
  const OWNER: Principal = {
    accountId: null,
    keyId: null,
    workspaceId: WORKSPACE,
    role: 'owner',
    isOperator: false,
    kind: 'key',
  };
  let now: number;

  const accessAt = () =>
    createAccess({ ledger, secrets: { read: async () => new Uint8Array(32) }, now: () => now });
  const asks = (access: Awaited<ReturnType<typeof accessAt>>, secret: string, scope = reading()) =>
    withinReadScope(scope, () => access.authenticate({ authorization: `Bearer ${secret}` }));

  beforeEach(() => {
    now = 1_800_000_000_000;
  });

  test('a key that was used is known on, but never beyond its own end', async () => {
    const access = await accessAt();
    const { secret } = await access.keys.create(OWNER, { name: 'k', role: 'reader', expiresInDays: 1 });
    await asks(access, secret);
    away();
    expect(await asks(access, secret)).toMatchObject({ workspaceId: WORKSPACE, role: 'reader' });
    now += 24 * 60 * MINUTE_MS;
    await expect(asks(access, secret)).rejects.toMatchObject({ code: 'expired_api_key' });
  });

  test('a key that was revoked before the outage is not known any more, nor elsewhere', async () => {
    const access = await accessAt();
    const { key, secret } = await access.keys.create(OWNER, {
      name: 'k',
      role: 'reader',
      expiresInDays: null,
    });
    await asks(access, secret);
    await access.keys.revoke(WORKSPACE, key.id);
    expect(told).toEqual([{ table: 'api_key', workspaceId: WORKSPACE }]);
    away();
    await expect(asks(access, secret)).rejects.toMatchObject({ code: 'ledger_unavailable' });
  });

  test('a key that nobody knows stays unknown, and changes wait for the ledger whoever asks', async () => {
    const access = await accessAt();
    const { secret } = await access.keys.create(OWNER, { name: 'k', role: 'reader', expiresInDays: null });
    await asks(access, secret);
    away();
    await expect(asks(access, `${secret}x`)).rejects.toMatchObject({ code: 'ledger_unavailable' });
    await expect(asks(access, secret, { ...reading(), mayRecall: false })).rejects.toMatchObject({
      code: 'ledger_unavailable',
    });
  });
});
