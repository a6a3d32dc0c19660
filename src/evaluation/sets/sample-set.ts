import type { Ledger } from '../../ledger/ledger.ts';
import { scopeSql } from '../../ledger/scope.ts';
import type { GoldenQuestion } from '../golden.ts';
import { putQuestions } from './golden-questions.ts';
import { createGoldenSet, findGoldenSet } from './golden-sets.ts';

export const SAMPLE_SET = 'sample';
const SAMPLE_MADE = 'sample.golden';

/**
 * Makes the golden set of the sample documents once, as soon as they are loaded; deleted by a person it stays deleted.
 *
 * @returns whether it was made now
 */
export async function ensureSampleSet(
  ledger: Ledger,
  sample: { workspaceId: string; description: string; read(): Promise<GoldenQuestion[]> },
  now: number,
): Promise<boolean> {
  const loaded = await settingOf(ledger, 'sample.loaded');
  if (loaded === null || (await settingOf(ledger, SAMPLE_MADE)) !== null) return false;
  const questions = await sample.read();
  return ledger.transaction(async (tx) => {
    const { changes } = await tx.run(
      `INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) ON CONFLICT (name) DO NOTHING`,
      { name: SAMPLE_MADE, value: loaded, now },
    );
    const own = scopeSql(tx, sample.workspaceId);
    if (changes === 0 || (await findGoldenSet(own, SAMPLE_SET)) !== null) return false;
    const wanted = { name: SAMPLE_SET, description: sample.description, knowledgeBaseIds: [loaded] };
    const setId = await createGoldenSet(own, wanted, now);
    await putQuestions(own, setId, questions, { state: 'approved', origin: 'import', now });
    return true;
  });
}

async function settingOf(ledger: Ledger, name: string): Promise<string | null> {
  const row = await ledger.read.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
    name,
  });
  return row?.value ?? null;
}
