import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BudaoError } from '../../contract/errors.ts';
import { type GoldenQuestion, isAnswerable, parseGolden } from '../../evaluation/golden.ts';
import type { Sql } from '../../ledger/ledger.ts';

/** Comes with the program, as the documents do that answer it. */
export const SAMPLE_SET = 'sample';
const SAMPLE_GOLDEN = new URL('../../../samples/hospital/golden.jsonl', import.meta.url);
/** A rehearsal is no evaluation: so many say whether the same is found, and are asked within minutes. */
const MOST_QUESTIONS = 100;

export interface GoldenSet {
  /** `sample`, or the path of a file. */
  name: string;
  hash: string;
  questions: GoldenQuestion[];
}

/** @throws BudaoError golden_invalid */
export async function readGoldenSet(name: string): Promise<GoldenSet> {
  const text = await readFile(name === SAMPLE_SET ? SAMPLE_GOLDEN : name, 'utf8').catch((error: Error) => {
    throw new BudaoError(
      'invalid',
      'golden_invalid',
      `The golden set ${name} cannot be read: ${error.message}. Name a file with one question a line, or "${SAMPLE_SET}".`,
      { cause: error },
    );
  });
  const all = parseGolden(text);
  // Evenly from the whole set, which is often sorted.
  const step = Math.max(1, all.length / MOST_QUESTIONS);
  const questions = Array.from(
    { length: Math.min(all.length, MOST_QUESTIONS) },
    (_, index) => all[Math.floor(index * step)] as GoldenQuestion,
  );
  return { name, hash: createHash('sha256').update(text).digest('hex'), questions };
}

export interface GoldenBase {
  id: string;
  workspaceId: string;
}

/** The knowledge base of the first workspace that has most of the documents that the questions are about. */
export async function findGoldenBase(sql: Sql, { questions }: GoldenSet): Promise<GoldenBase | null> {
  const filenames = new Set(
    questions.filter(isAnswerable).flatMap(({ sources }) => sources.map(({ document }) => document)),
  );
  const rows = await sql.all<GoldenBase & { filename: string }>(
    `SELECT base.id AS id, base.workspace_id AS "workspaceId", document.filename AS filename
     FROM knowledge_base AS base
     JOIN knowledge_base_document AS link ON link.knowledge_base_id = base.id AND link.status = 'completed'
     JOIN document ON document.id = link.document_id
     WHERE base.deleted_at IS NULL
       AND base.workspace_id = (SELECT id FROM workspace ORDER BY created_at, id LIMIT 1)
     ORDER BY base.created_at, base.id`,
  );
  let best: (GoldenBase & { count: number }) | null = null;
  for (const [id, own] of Map.groupBy(rows, (row) => row.id)) {
    const count = new Set(own.map(({ filename }) => filename).filter((name) => filenames.has(name))).size;
    const workspaceId = own[0]?.workspaceId ?? '';
    if (count > (best?.count ?? 0)) best = { id, workspaceId, count };
  }
  return best === null ? null : { id: best.id, workspaceId: best.workspaceId };
}

/** File names of what can be found there. */
export async function documentsOf(sql: Sql, baseId: string): Promise<Set<string>> {
  const rows = await sql.all<{ filename: string }>(
    `SELECT document.filename AS filename
     FROM knowledge_base_document AS link JOIN document ON document.id = link.document_id
     WHERE link.knowledge_base_id = :baseId AND link.status = 'completed'`,
    { baseId },
  );
  return new Set(rows.map(({ filename }) => filename));
}

/** Whether everything that was being taken in when the picture was taken has arrived. */
export async function isSettled(sql: Sql): Promise<boolean> {
  const row = await sql.get(
    `SELECT 1 AS one FROM run WHERE kind IN ('ingest', 'index') AND status IN ('queued', 'running') LIMIT 1`,
  );
  return row === undefined;
}

/** The same for two knowledge bases that must find the same: what is in them, and how it is indexed. */
export async function fingerprintOf(sql: Sql, baseId: string): Promise<string | null> {
  const base = await sql.get<{ generation: string }>(
    'SELECT generation FROM knowledge_base WHERE id = :baseId AND deleted_at IS NULL',
    { baseId },
  );
  if (base === undefined) return null;
  const documents = await sql.all<{ id: string; sha256: string; attributes: string | null }>(
    `SELECT document.id AS id, document.sha256 AS sha256, link.attributes AS attributes
     FROM knowledge_base_document AS link JOIN document ON document.id = link.document_id
     WHERE link.knowledge_base_id = :baseId AND link.status = 'completed' ORDER BY document.id`,
    { baseId },
  );
  return createHash('sha256')
    .update(JSON.stringify([JSON.parse(base.generation), documents]))
    .digest('hex');
}
