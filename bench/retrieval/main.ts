/**
 * npm run bench:retrieval -- [GOLDEN] [FOLDER] [--json] [--verbose]
 *
 * Indexes FOLDER, asks the questions of GOLDEN, and prints how well the right passages were found and answered from,
 * beside a plain BM25 in the same run.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseGolden } from '../../src/evaluation/golden.ts';
import { indexFolder } from './corpus.ts';
import { reportOf, tableOf } from './report.ts';
import { type QuestionResult, runQuestions } from './run-questions.ts';

const CORPUS = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'corpus');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, verbose: { type: 'boolean', default: false } },
});
const golden = path.resolve(positionals[0] ?? path.join(CORPUS, 'golden', 'laws-dev.jsonl'));
const folder = path.resolve(positionals[1] ?? path.join(CORPUS, 'laws'));

try {
  await requirePath(golden, 'golden set', (found) => found.isFile());
  await requirePath(folder, 'folder of documents', (found) => found.isDirectory());
  const questions = parseGolden(await readFile(golden, 'utf8'));
  await using corpus = await indexFolder(folder);
  const results = await runQuestions(corpus, questions);
  const report = reportOf(results);
  if (values.verbose) for (const result of results) console.error(detailsOf(result));
  console.log(
    values.json ? JSON.stringify(report, null, 2) : `${corpus.chunks} chunks\n${tableOf(report, results)}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function requirePath(
  target: string,
  what: string,
  fits: (found: Awaited<ReturnType<typeof stat>>) => boolean,
): Promise<void> {
  const found = await stat(target).catch(() => null);
  if (found !== null && fits(found)) return;
  throw new Error(`There is no ${what} at ${target}.\nTry: npm run bench:retrieval -- GOLDEN.jsonl FOLDER`);
}

function detailsOf({
  question,
  query,
  rank,
  factRecall,
  declined,
  answer,
  passages,
}: QuestionResult): string {
  const top = passages[0];
  return [
    `${question.id} rank ${rank} facts ${factRecall.toFixed(2)}${declined ? ' declined' : ''} | ${query}`,
    `  top: ${top?.chunk.documentId} ${top?.chunk.article ?? ''} coverage ${(top?.coverage ?? 0).toFixed(2)}`,
    `  ${answer.replaceAll('\n', '\n  ')}`,
  ].join('\n');
}
