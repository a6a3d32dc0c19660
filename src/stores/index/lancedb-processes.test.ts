import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openLanceDbIndex } from './lancedb-index.ts';
import {
  batch,
  CHUNKS_PER_DOCUMENT,
  DOCUMENTS_PER_BATCH,
  GENERATION,
  KNOWLEDGE_BASE,
  MARK,
} from './testing/batches.ts';
import { randomFrom, startReader, writeAndKill } from './testing/index-processes.ts';

const KILLS = 10;
const READERS = 2;
const REPLACEMENTS = 15;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'budao-index-'));
  folders.push(folder);
  return folder;
}

test('a killed writer loses no acknowledged batch and leaves none half there', {
  timeout: 120_000,
}, async () => {
  const seed = Number(process.env.BUDAO_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}; repeat with BUDAO_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const folder = await freshFolder();
  await using reader = await openLanceDbIndex({ directory: folder });
  const acknowledged: number[] = [];
  for (let round = 0; round < KILLS; round += 1) {
    acknowledged.push(...(await writeAndKill({ kind: 'local', directory: folder }, round * 1_000, random)));
    const counts = await reader.inventory(KNOWLEDGE_BASE, GENERATION);
    expect([...counts].filter(([, chunks]) => chunks !== CHUNKS_PER_DOCUMENT)).toEqual([]);
    const batches = Map.groupBy(counts.keys(), (documentId) => Number(documentId.slice(1).split('-')[0]));
    expect([...batches].filter(([, documents]) => documents.length !== DOCUMENTS_PER_BATCH)).toEqual([]);
    expect([...batches.keys()]).toEqual(expect.arrayContaining(acknowledged));
    const request = { query: MARK, vector: null, limit: 5, documentIds: null };
    expect(await reader.search(KNOWLEDGE_BASE, GENERATION, request)).toHaveLength(5);
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(KILLS);
});

test.each([
  ['from memory', '3000'],
  ['on disk', '0'],
])(
  'readers in other processes, %s, see each replacement whole',
  { timeout: 60_000 },
  async (_, maxMemoryRows) => {
    const folder = await freshFolder();
    await using index = await openLanceDbIndex({ directory: folder });
    await index.replaceDocuments(KNOWLEDGE_BASE, GENERATION, batch(0, 'v0'));
    const readers = Array.from({ length: READERS }, () =>
      startReader({ kind: 'local', directory: folder }, maxMemoryRows),
    );
    await expect.poll(() => readers.every(({ lines }) => lines.length > 0), { timeout: 30_000 }).toBe(true);
    for (let round = 1; round <= REPLACEMENTS; round += 1) {
      await index.replaceDocuments(KNOWLEDGE_BASE, GENERATION, batch(0, `v${round}`));
      if (round % 5 === 0) await index.optimize(KNOWLEDGE_BASE, GENERATION);
    }
    for (const { child, closed, lines } of readers) {
      child.stdin?.end();
      await closed;
      expect(lines[0]).toBe('reading');
      expect(lines.slice(1)).toEqual([expect.stringMatching(/^searches \d+$/)]);
    }
  },
);
