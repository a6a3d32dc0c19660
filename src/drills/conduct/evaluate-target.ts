/** The golden questions of the sample, asked of the laboratory before the fault, once more without one, and after it. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GoldenQuestion, parseGolden } from '../../evaluation/golden.ts';
import { runEvaluation } from '../../evaluation/run-evaluation.ts';
import { openBudaoTarget } from '../../evaluation/targets/budao-target.ts';
import type { Laboratory } from '../laboratory/laboratory.ts';
import type { DrillLog } from '../log/drill-log.ts';
import type { DrillEventOf } from '../log/record.ts';

const SAMPLE_SET = fileURLToPath(new URL('../../../samples/hospital/golden.jsonl', import.meta.url));

/** @param file a golden set of the operator's own; null for that of the sample */
export async function readGoldenSet(file: string | null): Promise<GoldenQuestion[]> {
  return parseGolden(await readFile(file ?? SAMPLE_SET, 'utf8'));
}

/** Retrieval alone, which is deterministic and needs no model: what it finds is what an answer rests on. */
export async function evaluateTarget(
  role: DrillEventOf<'evaluation'>['role'],
  questions: readonly GoldenQuestion[],
  laboratory: Laboratory,
  { log, folder, signal }: { log: DrillLog; folder: string; signal: AbortSignal },
): Promise<void> {
  const { url, apiKey } = laboratory.first;
  const target = await openBudaoTarget({ baseUrl: url, apiKey }, signal);
  const result = await runEvaluation(
    target,
    { name: 'drill', questions },
    { signal, answers: false, concurrency: 2 },
  );
  const file = `evaluation-${role}.json`;
  const content = JSON.stringify(result);
  await writeFile(join(folder, file), content, { mode: 0o600 });
  log.add({
    type: 'evaluation',
    role,
    file,
    sha256: createHash('sha256').update(content).digest('hex'),
    goldenSetSha256: result.identities.golden_hash,
    questions: result.questions
      .filter(({ retrieval_passed: passed, error }) => passed !== null || error !== null)
      .map(({ id, retrieval, retrieval_passed: passed }) => ({
        id,
        // A question without an answer has failed.
        passed: passed ?? false,
        score: retrieval?.rank == null ? 0 : 1 / retrieval.rank,
      })),
    violations: result.questions.flatMap(({ leaks }) => leaks),
  });
}
