import type { Candidate, SeveralRepositories } from '../../../recovery/repository/several-repositories.ts';
import { isOfRepository } from '../../../recovery/repository/several-repositories.ts';
import { type Row, readPiece } from '../../../recovery/tables/row-pieces.ts';
import type { PartSelector } from './part.ts';

/** Further back nobody looks without being told to: each costs the reading of one table, as far as it has changed. */
const MOST_SNAPSHOTS = 400;

const TABLES = {
  workspace: 'workspace',
  knowledge_base: 'knowledge_base',
  conversation: 'conversation',
  document: 'document',
};

/** The newest snapshot in which it had not been deleted yet; the newest of all where there is none. */
export async function newestWithPart(
  several: SeveralRepositories,
  candidates: readonly Candidate[],
  selector: PartSelector,
): Promise<Candidate | undefined> {
  // Snapshots share the pieces of tables that did not change between them.
  const seen = new Map<string, boolean>();
  let first: Candidate | undefined;
  for (const candidate of candidates.slice(0, MOST_SNAPSHOTS)) {
    try {
      if (await holds(several, candidate, selector, seen)) return candidate;
      first ??= candidate;
    } catch (error) {
      if (!isOfRepository(error)) throw error;
      several.note(candidate.holders[0]?.name ?? '', error.code, error.message);
    }
  }
  return first;
}

async function holds(
  several: SeveralRepositories,
  candidate: Candidate,
  { kind, name }: PartSelector,
  seen: Map<string, boolean>,
): Promise<boolean> {
  const { contents, objects } = await several.open(candidate).read(candidate.manifest);
  const pieces = contents.tables.find((table) => table.name === TABLES[kind])?.pieces ?? [];
  const isIt = (row: Row): boolean =>
    (row.deleted_at ?? null) === null && [row.id, row.name, row.title, row.filename].includes(name);
  if (pieces.some(({ sha256 }) => seen.get(sha256) === true)) return true;
  const unseen = pieces.map(({ sha256 }) => sha256).filter((sha256) => !seen.has(sha256));
  await objects.readMany(unseen, async (sha256, content) => {
    seen.set(sha256, readPiece(content).some(isIt));
  });
  return pieces.some(({ sha256 }) => seen.get(sha256) === true);
}
