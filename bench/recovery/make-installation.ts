/** An installation as it is after years of use, made in seconds: its rows and files, without having been read and asked. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { FolderBlobSink } from '../../src/stores/blobs/folder-blob-sink.ts';
import { openSqliteLedger } from '../../src/stores/ledger/sqlite-ledger.ts';
import { dataFolderAt, prepareDataFolder } from '../../src/system/data-folder.ts';

const BASE = 'vs_bench';
const WORKSPACE = 'ws_bench';
const DOCUMENTS_PER_TRANSACTION = 500;
const GENERATION = { id: 'g', analyzer: 'a', chunker: 'c', embedder: null, dimension: null };

/** Each document with its run and events, its original, and what was derived from it. */
export async function makeInstallation(dataDir: string, documents: number): Promise<void> {
  const folder = dataFolderAt(dataDir);
  await prepareDataFolder(folder);
  await using ledger = await openSqliteLedger({ path: folder.ledger });
  const blobs = new FolderBlobSink(folder.blobs);
  const derived = new FolderBlobSink(folder.derived);
  const random = wordsFrom(7);
  await ledger.transaction(async (tx) => {
    await tx.run(
      `INSERT INTO workspace (id, name, settings, created_at) VALUES ('${WORKSPACE}', 'W', '{}', 1)`,
    );
    await tx.run(
      `INSERT INTO knowledge_base (id, workspace_id, name, is_default, generation, metadata, created_at, active_at)
       VALUES ('${BASE}', '${WORKSPACE}', 'K', 1, :generation, '{}', 1, 1)`,
      { generation: JSON.stringify(GENERATION) },
    );
  });
  for (let first = 0; first < documents; first += DOCUMENTS_PER_TRANSACTION) {
    const made: { number: number; sha256: string; bytes: number; artifact: string }[] = [];
    for (let number = first; number < Math.min(documents, first + DOCUMENTS_PER_TRANSACTION); number++) {
      const text = random(1_200);
      const original = Buffer.from(text);
      const artifact = await promisify(gzip)(JSON.stringify({ text, chunks: [{ text }], vectors: null }));
      const [sha256, name] = [hash(original), hash(artifact)];
      await blobs.put(sha256, original);
      await derived.put(name, artifact);
      made.push({ number, sha256, bytes: original.length, artifact: name });
    }
    await ledger.transaction(async (tx) => {
      for (const { number, sha256, bytes, artifact } of made) {
        const id = String(number).padStart(8, '0');
        await tx.run(
          `INSERT INTO document (id, workspace_id, filename, purpose, bytes, sha256, created_at)
           VALUES (:id, '${WORKSPACE}', :filename, 'assistants', :bytes, :sha256, :number)`,
          { id: `file_${id}`, filename: `document ${id}.md`, bytes, sha256, number },
        );
        await tx.run(
          `INSERT INTO knowledge_base_document (knowledge_base_id, document_id, workspace_id, attributes, chunking,
             status, run_id, summary, chunks, created_at, updated_at)
           VALUES ('${BASE}', :id, '${WORKSPACE}', '{}', '{}', 'completed', :run, :summary, 1, :number, :number)`,
          {
            id: `file_${id}`,
            run: `run_${id}`,
            summary: JSON.stringify({ phase: 'ready', fraction: 1, artifact, generation: GENERATION.id }),
            number,
          },
        );
        await tx.run(
          `INSERT INTO run (id, kind, workspace_id, subject_id, input, status, epoch, lease_until, attempts, max_attempts,
             priority, available_at, deadline_at, cancel_requested, last_seq, result, created_at, started_at, finished_at)
           VALUES (:run, 'ingest', '${WORKSPACE}', :id, '{}', 'completed', 1, 0, 1, 20, 0, 1, 2, 0, 3, '{}', 1, 1, :number)`,
          { run: `run_${id}`, id: `file_${id}`, number },
        );
        for (let seq = 1; seq <= 3; seq++)
          await tx.run(
            `INSERT INTO event (run_id, seq, epoch, type, payload, created_at)
             VALUES (:run, :seq, 1, 'ingest.progress', '{"phase":"parsing","fraction":0.5}', 1)`,
            { run: `run_${id}`, seq },
          );
      }
    });
  }
  await blobs.finish();
  await derived.finish();
}

function hash(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Text that compresses as text does. */
function wordsFrom(seed: number): (count: number) => string {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const words = Array.from({ length: 5_000 }, () =>
    Array.from({ length: 2 + Math.floor(next() * 8) }, () => String.fromCharCode(97 + next() * 26)).join(''),
  );
  // Common words are far more common than rare ones.
  return (count) =>
    Array.from({ length: count }, () => words[Math.floor(next() ** 3 * words.length)]).join(' ');
}
