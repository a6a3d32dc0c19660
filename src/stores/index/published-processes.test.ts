import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Server, startS3 } from '../../../tests/support/s3-server.ts';
import {
  batch,
  CHUNKS_PER_DOCUMENT,
  DOCUMENTS_PER_BATCH,
  GENERATION,
  KNOWLEDGE_BASE,
} from './testing/batches.ts';
import { type IndexLocation, openIndexAt } from './testing/index-location.ts';
import { randomFrom, startReader, writeAndKill } from './testing/index-processes.ts';

const KILLS = 5;
const READERS = 2;
const REPLACEMENTS = 8;

let server: S3Server;
let folder: string;
beforeAll(async () => {
  server = await startS3();
  folder = await mkdtemp(path.join(tmpdir(), 'budao-published-'));
}, 120_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Places for one index, seen from machines with a cache of their own each. */
async function locations(kind: 'a bucket' | 'a shared folder'): Promise<(machine: string) => IndexLocation> {
  const name = await mkdtemp(path.join(folder, 'index-'));
  const cache = (machine: string) => path.join(name, `cache-${machine}`);
  if (kind === 'a shared folder') {
    return (machine) => ({ kind: 'shared', folder: path.join(name, 'shared'), cacheFolder: cache(machine) });
  }
  const bucket = await server.createBucket();
  const { endpoint, user } = server;
  return (machine) => ({ kind: 's3', endpoint, bucket, user, cacheFolder: cache(machine) });
}

describe.each(['a bucket', 'a shared folder'] as const)('in %s', (kind) => {
  test('a killed writer loses no acknowledged batch and leaves none half there', async () => {
    const seed = Number(process.env.BUDAO_TEST_SEED ?? Date.now() % 1_000_000);
    console.log(`seed ${seed}; repeat with BUDAO_TEST_SEED=${seed}`);
    const random = randomFrom(seed);
    const at = await locations(kind);
    await using reader = await openIndexAt(at('reader'), 0);
    const acknowledged: number[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      // On the machine of the one that was killed, or on another.
      acknowledged.push(...(await writeAndKill(at(`writer-${round % 2}`), round * 1_000, random)));
      const counts = await reader.inventory(KNOWLEDGE_BASE, GENERATION);
      expect([...counts].filter(([, chunks]) => chunks !== CHUNKS_PER_DOCUMENT)).toEqual([]);
      const batches = Map.groupBy(counts.keys(), (id) => Number(id.slice(1).split('-')[0]));
      expect([...batches].filter(([, documents]) => documents.length !== DOCUMENTS_PER_BATCH)).toEqual([]);
      expect([...batches.keys()]).toEqual(expect.arrayContaining(acknowledged));
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(KILLS);
  }, 120_000);

  test.each([
    ['from memory', '3000'],
    ['on disk', '0'],
  ])(
    'readers on other machines, %s, see each replacement whole',
    async (_, maxMemoryRows) => {
      const at = await locations(kind);
      await using index = await openIndexAt(at('writer'));
      await index.replaceDocuments(KNOWLEDGE_BASE, GENERATION, batch(0, 'v0'));
      const readers = Array.from({ length: READERS }, (__, number) =>
        startReader(at(`reader-${number}`), maxMemoryRows),
      );
      await expect.poll(() => readers.every(({ lines }) => lines.length > 0), { timeout: 30_000 }).toBe(true);
      for (let round = 1; round <= REPLACEMENTS; round += 1) {
        await index.replaceDocuments(KNOWLEDGE_BASE, GENERATION, batch(0, `v${round}`));
        if (round % 4 === 0) await index.optimize(KNOWLEDGE_BASE, GENERATION);
      }
      for (const { child, closed, lines } of readers) {
        child.stdin?.end();
        await closed;
        expect(lines).toEqual(['reading', expect.stringMatching(/^searches \d+$/)]);
      }
    },
    60_000,
  );
});
