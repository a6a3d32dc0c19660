import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
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

function start(script: string, args: string[]): ChildProcess {
  const file = path.join(import.meta.dirname, 'testing', script);
  return spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Repeatable pseudo-random numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets a writer acknowledge some batches, then kills it wherever it is. Returns what it acknowledged. */
async function writeAndKill(folder: string, first: number, random: () => number): Promise<number[]> {
  const writer = start('writer-process.ts', [
    JSON.stringify({ kind: 'local', directory: folder }),
    String(first),
  ]);
  const exited = once(writer, 'exit');
  const acknowledged: number[] = [];
  const wanted = 1 + Math.floor(random() * 6);
  for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
    acknowledged.push(Number(line));
    if (acknowledged.length !== wanted) continue;
    await sleep(random() * 20);
    writer.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
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
    acknowledged.push(...(await writeAndKill(folder, round * 1_000, random)));
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
    const readers = Array.from({ length: READERS }, () => {
      const child = start('reader-process.ts', [
        JSON.stringify({ kind: 'local', directory: folder }),
        maxMemoryRows,
      ]);
      const lines: string[] = [];
      const closed = (async () => {
        for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
          lines.push(line);
      })();
      return { child, lines, closed };
    });
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
