import { BudaoError } from '../../contract/errors.ts';
import { isUnreadable, loadArtifact } from '../ingest/artifact.ts';
import { requestReindex } from '../ingest/reindex.ts';
import type { Generation } from '../library/knowledge-bases.ts';
import type { MembershipSummary } from '../library/memberships.ts';
import type { Examination } from './examination.ts';

const SAMPLES = 1;
const DEEP_SAMPLES = 5;
const HITS = 50;
/** Enough to be told from everything else, and no longer than a question. */
const QUERY_CHARACTERS = 80;

interface BaseRow {
  id: string;
  workspace_id: string;
  name: string;
  generation: string;
}

/** Asks each knowledge base for a chunk that is known to be in it: an index may hold every row, and find none. */
export async function checkSearch(examination: Examination): Promise<void> {
  const bases = await examination.all<BaseRow>(
    'SELECT id, workspace_id, name, generation FROM knowledge_base WHERE deleted_at IS NULL ORDER BY id',
  );
  for (const base of bases) {
    // What another check has found already is not looked for here.
    if (examination.findings.some(({ subject }) => subject === base.id)) continue;
    const missed = await missedSamples(examination, base);
    if (missed.length > 0) await reportBlind(examination, base, missed);
  }
}

async function missedSamples(examination: Examination, base: BaseRow): Promise<string[]> {
  const { derived, index } = examination.stores;
  const generation = JSON.parse(base.generation) as Generation;
  const documents = await examination.all<{ id: string; summary: string | null }>(
    `SELECT document_id AS id, summary FROM knowledge_base_document
     WHERE knowledge_base_id = :id AND status = 'completed' AND chunks > 0 ORDER BY document_id LIMIT :limit`,
    { id: base.id, limit: examination.options.deep === true ? DEEP_SAMPLES : SAMPLES },
  );
  const missed: string[] = [];
  for (const { id, summary } of documents) {
    const { artifact, generation: derivedFor } = JSON.parse(summary ?? '{}') as Partial<MembershipSummary>;
    if (artifact === undefined || derivedFor !== generation.id) continue;
    const query = await loadArtifact(derived, artifact).then(
      ({ chunks }) => queryOf(chunks),
      (error: unknown) => {
        if (!isUnreadable(error)) throw error;
        return null;
      },
    );
    if (query === null) continue;
    examination.checked.samples += 1;
    const ask = async (documentIds: readonly string[] | null): Promise<boolean> => {
      const hits = await index.search(base.id, generation, { query, vector: null, limit: HITS, documentIds });
      return hits.some(({ chunk }) => chunk.documentId === id);
    };
    try {
      // Among many copies of the same text it need not be one of the first.
      if ((await ask(null)) || (await ask([id]))) continue;
      missed.push(id);
    } catch (error) {
      if (!(error instanceof BudaoError) || error.code !== 'index_corrupt') throw error;
      missed.push(id);
    }
  }
  return missed;
}

/** From its longest chunk; null where there is no word to look for. */
function queryOf(chunks: readonly { text: string; tokens: number }[]): string | null {
  const longest = chunks.reduce<{ text: string; tokens: number } | null>(
    (best, chunk) => (best === null || chunk.tokens > best.tokens ? chunk : best),
    null,
  );
  const text = longest?.text.replaceAll(/\s+/g, ' ').trim() ?? '';
  return /\p{L}{2}/u.test(text) ? [...text].slice(0, QUERY_CHARACTERS).join('') : null;
}

async function reportBlind(
  examination: Examination,
  base: BaseRow,
  missed: readonly string[],
): Promise<void> {
  const generation = JSON.parse(base.generation) as Generation;
  await examination.report(
    {
      check: 'search-blind',
      severity: 'error',
      subject: base.id,
      name: base.name,
      message: `A search in '${base.name}' does not find text that is known to be in it (${missed.join(', ')}).`,
      action: 'The index is dropped, and filled again from what was derived of the documents.',
    },
    async () => {
      await examination.stores.index.drop(base.id, generation);
      await examination.transaction((tx) =>
        requestReindex(tx, base.workspace_id, base.id, null, examination.now),
      );
    },
  );
}
